//! Tasks of different types, together: a tuple of futures in, a tuple of results out.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use crate::error::TaskFailed;

/// Durable tasks of different types: tuples of 2 to 8 futures, each a `Result<_, TaskFailed>`.
pub trait Tasks: Send {
    /// The tuple of their results.
    type Output: Send;

    #[doc(hidden)]
    fn join(self, fail_fast: bool)
    -> impl Future<Output = Result<Self::Output, TaskFailed>> + Send;
}

/// Waits for all of a tuple; the first failure in the tuple's order, once all have ended.
///
/// The types are those of what is called: another one does not compile.
///
/// ```
/// # use durascope_sdk::*;
/// # use durascope_sdk::fan_out::all;
/// const COUNT: Activity<String, u64> = Activity::named("Count");
/// const TITLE: Activity<String, String> = Activity::named("Title");
///
/// async fn describe(ctx: OrchestrationContext, text: String) -> Result<String, TaskFailed> {
///     let (count, title): (u64, String) =
///         all((ctx.call(&COUNT, text.clone()), ctx.call(&TITLE, text))).await?;
///     Ok(format!("{title}: {count} words"))
/// }
/// ```
/// ```compile_fail
/// # use durascope_sdk::*;
/// # use durascope_sdk::fan_out::all;
/// # const COUNT: Activity<String, u64> = Activity::named("Count");
/// # const TITLE: Activity<String, String> = Activity::named("Title");
/// async fn describe(ctx: OrchestrationContext, text: String) -> Result<(), TaskFailed> {
///     let (title, count): (String, u64) =
///         all((ctx.call(&COUNT, text.clone()), ctx.call(&TITLE, text))).await?;
///     Ok(())
/// }
/// ```
///
/// # Errors
/// One of them failed.
pub async fn all<T: Tasks>(tasks: T) -> Result<T::Output, TaskFailed> {
    tasks.join(false).await
}

/// As [`all`], but returns at the first failure and does not wait for the rest.
///
/// # Errors
/// One of them failed.
pub async fn fail_fast<T: Tasks>(tasks: T) -> Result<T::Output, TaskFailed> {
    tasks.join(true).await
}

macro_rules! tuple {
    ($($task:ident $output:ident $result:ident),+) => {
        impl<$($task, $output),+> Tasks for ($($task,)+)
        where
            $($task: Future<Output = Result<$output, TaskFailed>> + Send + Unpin, $output: Send,)+
        {
            type Output = ($($output,)+);

            #[expect(non_snake_case, reason = "one letter names a task and its type")]
            fn join(
                self,
                fail_fast: bool,
            ) -> impl Future<Output = Result<Self::Output, TaskFailed>> + Send {
                let ($(mut $task,)+) = self;
                $(let mut $result: Option<Result<$output, TaskFailed>> = None;)+
                std::future::poll_fn(move |cx| {
                    let mut is_open = false;
                    $(
                        if $result.is_none() {
                            match Pin::new(&mut $task).poll(cx) {
                                Poll::Ready(Err(failed)) if fail_fast => {
                                    return Poll::Ready(Err(failed));
                                }
                                Poll::Ready(result) => $result = Some(result),
                                Poll::Pending => is_open = true,
                            }
                        }
                    )+
                    if is_open {
                        return Poll::Pending;
                    }
                    let taken = ($($result.take(),)+);
                    match taken {
                        ($(Some(Ok($result)),)+) => Poll::Ready(Ok(($($result,)+))),
                        ($($result,)+) => {
                            let failed = None;
                            $(let failed = failed.or($result.and_then(Result::err));)+
                            failed.map_or(Poll::Pending, |failed| Poll::Ready(Err(failed)))
                        }
                    }
                })
            }
        }
    };
}

tuple!(A AO ar, B BO br);
tuple!(A AO ar, B BO br, C CO cr);
tuple!(A AO ar, B BO br, C CO cr, D DO dr);
tuple!(A AO ar, B BO br, C CO cr, D DO dr, E EO er);
tuple!(A AO ar, B BO br, C CO cr, D DO dr, E EO er, F FO fr);
tuple!(A AO ar, B BO br, C CO cr, D DO dr, E EO er, F FO fr, G GO gr);
tuple!(A AO ar, B BO br, C CO cr, D DO dr, E EO er, F FO fr, G GO gr, H HO hr);
