//! Typed names: what a caller and a worker share about an activity, an orchestration, an event or
//! an entity.

mod entity;
mod instance_id;

pub use entity::Entity;
pub use entity::EntityId;
pub use entity::EntityIdError;
pub use instance_id::INSTANCE_ID_CHARS_MAX;
pub use instance_id::IdError;
pub(crate) use instance_id::checked;

use std::fmt;
use std::marker::PhantomData;

/// Why an external event can neither be raised nor waited for.
pub(crate) const EMPTY_EVENT_NAME: &str = "the name of an external event must not be empty";

macro_rules! typed_name {
    (
        $(#[$doc:meta])* $name:ident < $($param:ident),+ >, $marker:ty
        $(, empty: $empty:expr, $panics:literal)?
    ) => {
        $(#[$doc])*
        pub struct $name<$($param),+> {
            name: &'static str,
            marker: PhantomData<$marker>,
        }

        impl<$($param),+> $name<$($param),+> {
            /// Binds the types to the name under which the other side knows it.
            $(
                #[doc = ""]
                #[doc = $panics]
            )?
            pub const fn named(name: &'static str) -> Self {
                $(assert!(!name.is_empty(), "{}", $empty);)?
                Self { name, marker: PhantomData }
            }

            /// The name on the wire.
            pub const fn name(&self) -> &'static str {
                self.name
            }
        }

        impl<$($param),+> Clone for $name<$($param),+> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<$($param),+> Copy for $name<$($param),+> {}

        impl<$($param),+> fmt::Debug for $name<$($param),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.name).finish()
            }
        }

        impl<$($param),+> fmt::Display for $name<$($param),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name)
            }
        }
    };
}

typed_name!(
    /// An activity that takes `I` and returns `O`, both as JSON.
    ///
    /// ```
    /// use durascope_sdk::Activity;
    ///
    /// const GREET: Activity<String, String> = Activity::named("Greet");
    /// assert_eq!(GREET.name(), "Greet");
    /// ```
    Activity<I, O>, fn(I) -> O
);

typed_name!(
    /// An orchestration that takes `I` and returns `O`, both as JSON.
    Orchestration<I, O>, fn(I) -> O
);

typed_name!(
    /// An external event that carries a `T` as JSON. Names compare without regard to case.
    ExternalEvent<T>, fn(T) -> T,
    empty: EMPTY_EVENT_NAME,
    "# Panics\n`name` is empty. In a `const` this is an error of the compiler."
);

typed_name!(
    /// An operation of an entity that takes `I` and returns `O`, both as JSON. Names compare
    /// without regard to case.
    ///
    /// ```
    /// use durascope_sdk::Entity;
    /// use durascope_sdk::Operation;
    ///
    /// const COUNTER: Entity = Entity::named("Counter");
    /// const ADD: Operation<i64, i64> = Operation::named("Add");
    /// assert_eq!(COUNTER.id("tea").as_str(), "@counter@tea");
    /// # let _ = ADD;
    /// ```
    Operation<I, O>, fn(I) -> O
);
