//! What the loop has outside of itself: the connection, calls on their way, and the files.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::task::JoinSet;

use crate::app::effect::Effect;
use crate::app::effect::Playing;
use crate::app::effect::WatchSpec;
use crate::app::event::Event;
use crate::app::event::Feed;
use crate::app::event::Reply;
use crate::app::saved::SavedFilter;
use crate::app::toast::Kind;
use crate::io::calls;
use crate::io::clock::Clock;
use crate::io::connection;
use crate::io::export;
use crate::io::recording::play;
use crate::io::recording::read::Recording;
use crate::io::recording::write::Recorder;
use crate::io::saved;
use crate::io::saved::SavedError;
use crate::io::source::Sink;
use crate::io::wire::Address;
use crate::io::wire::Hub;
use crate::term::clipboard;
use crate::term::editor::View;
use crate::term::guard;
use crate::term::input::Signals;
use crate::term::runtime::Screen;

/// What tasks end with.
pub(super) enum Ended {
    Connection,
    Call(Reply),
    Said(Kind, String),
    Saved(Result<Vec<SavedFilter>, SavedError>),
}

/// What the loop itself must do.
#[derive(Default)]
pub(super) struct Wishes {
    pub(super) over: bool,
    /// Another task hub is shown: what has come of the one before is of no use.
    pub(super) other_hub: bool,
    /// What goes to the user's editor.
    pub(super) view: Option<View>,
}

/// Where what is shown comes from.
#[derive(Debug)]
pub enum Origin {
    Server {
        address: Box<Address>,
        /// Takes what comes, and tells when it cannot.
        recorder: Option<(Recorder, mpsc::UnboundedReceiver<String>)>,
    },
    Recording(Recording),
}

pub(super) struct Outside {
    /// Where other task hubs are; none in a replay.
    address: Option<Address>,
    /// Ends the present connection.
    connection: Option<AbortHandle>,
    clock: Clock,
    spec: watch::Sender<WatchSpec>,
    pub(super) feed: watch::Receiver<Feed>,
    retry: Arc<Notify>,
    /// None in a replay, which sends nothing.
    hub: Option<Hub>,
    playing: Option<watch::Sender<Playing>>,
    pub(super) tasks: JoinSet<Ended>,
    /// What is on screen goes to the scrollback at the end.
    pub(super) leaves_screen: bool,
}

impl Outside {
    pub(super) fn start(origin: Origin, clock: Clock) -> Self {
        let (spec, watched) = watch::channel(WatchSpec::default());
        let (sender, feed) = watch::channel(Feed::default());
        let retry = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        let sink = Sink::new(sender, clock);
        let (mut hub, mut playing) = (None, None);
        let (mut here, mut connection) = (None, None);
        match origin {
            Origin::Server { address, recorder } => {
                hub = Some(address.lazy());
                here = Some(Address::clone(&address));
                let recorder = recorder.map(|(recorder, failed)| {
                    tasks.spawn(failure(failed));
                    recorder
                });
                let sink = sink.recording(recorder);
                let keep = connection::keep(*address, watched, Arc::clone(&retry), sink);
                connection = Some(tasks.spawn(async move {
                    keep.await;
                    Ended::Connection
                }));
            }
            Origin::Recording(recording) => {
                let (sender, orders) = watch::channel(play::FROM_START);
                playing = Some(sender);
                tasks.spawn(async move {
                    match play::play(recording, watched, orders, sink).await {
                        Some(error) => Ended::Said(Kind::Bad, error.to_string()),
                        None => Ended::Connection,
                    }
                });
            }
        }
        tasks.spawn_blocking(|| Ended::Saved(saved::load_own()));
        Self {
            address: here,
            connection,
            clock,
            spec,
            feed,
            retry,
            hub,
            playing,
            tasks,
            leaves_screen: false,
        }
    }

    /// Connects to another task hub of the same server.
    fn switch(&mut self, name: &str) {
        let Some(address) = &self.address else {
            return;
        };
        if let Some(it) = self.connection.take() {
            it.abort();
        }
        let address = match address.with_task_hub(name) {
            Ok(it) => it,
            Err(error) => {
                let text = error.to_string();
                self.tasks
                    .spawn(async move { Ended::Said(Kind::Bad, text) });
                return;
            }
        };
        let (spec, watched) = watch::channel(WatchSpec::default());
        let (sender, feed) = watch::channel(Feed::default());
        (self.spec, self.feed) = (spec, feed);
        self.hub = Some(address.lazy());
        let sink = Sink::new(sender, self.clock);
        let keep = connection::keep(address, watched, Arc::clone(&self.retry), sink);
        self.connection = Some(self.tasks.spawn(async move {
            keep.await;
            Ended::Connection
        }));
    }

    pub(super) fn newest(&mut self) -> Event {
        Event::Feed(self.feed.borrow_and_update().clone())
    }

    /// Carries effects out; what only the loop can do is left in `wishes`.
    pub(super) fn carry_out(
        &mut self,
        effects: Vec<Effect>,
        screen: &mut Screen,
        wishes: &mut Wishes,
    ) -> io::Result<()> {
        for effect in effects {
            match effect {
                Effect::Watch(spec) => {
                    self.spec.send_replace(*spec);
                }
                Effect::Call { id, call } => {
                    let Some(hub) = self.hub.clone() else {
                        let outcome = Err("a replay sends nothing".to_owned());
                        self.tasks
                            .spawn(async move { Ended::Call(Reply { id, outcome }) });
                        continue;
                    };
                    let made = calls::make(hub, id, call);
                    self.tasks.spawn(async move { Ended::Call(made.await) });
                }
                Effect::Save(change) => {
                    let kept = move || saved::path().and_then(|it| saved::change(&it, change));
                    self.tasks.spawn_blocking(move || Ended::Saved(kept()));
                }
                Effect::RetryNow => self.retry.notify_one(),
                Effect::StopProcess => {
                    guard::leave();
                    Signals::stop_process()?;
                    guard::enter()?;
                    screen.forget()?;
                }
                Effect::Quit => wishes.over = true,
                Effect::Copy { what, text } => {
                    let by_terminal = clipboard::to_terminal(screen.terminal.backend_mut(), &text)?;
                    self.tasks.spawn_blocking(move || {
                        let tool = clipboard::to_system(&text);
                        let (is_good, text) =
                            clipboard::outcome(&what, text.len(), by_terminal, tool);
                        let kind = if is_good { Kind::Done } else { Kind::Bad };
                        Ended::Said(kind, text)
                    });
                }
                Effect::View { name, text } => {
                    wishes.view = Some(View::new(name, text));
                }
                Effect::Edit { name, text } => {
                    wishes.view = Some(View::new(name, text).taken_back());
                }
                Effect::QuitLeaving => {
                    self.leaves_screen = true;
                    wishes.over = true;
                }
                Effect::Refresh => {
                    // The same question again is a question.
                    self.spec.send_modify(|_| {});
                }
                Effect::Mouse(on) => guard::mouse(on)?,
                Effect::Export { path, content } => {
                    let written = move || wrote(export::write_new(&path, &content));
                    self.tasks.spawn_blocking(written);
                }
                Effect::Keep { name, content } => {
                    let kept = move || wrote(export::keep_new(Path::new("."), &name, &content));
                    self.tasks.spawn_blocking(kept);
                }
                Effect::Hub(name) => {
                    self.switch(&name);
                    wishes.other_hub = true;
                }
                Effect::Play(playing) => {
                    if let Some(it) = &self.playing {
                        it.send_replace(playing);
                    }
                }
            }
        }
        Ok(())
    }
}

fn wrote(file: Result<PathBuf, String>) -> Ended {
    match file {
        Ok(path) => Ended::Said(Kind::Done, format!("wrote {}", path.display())),
        Err(reason) => Ended::Said(Kind::Bad, reason),
    }
}

/// Waits for the end of a recording that cannot be written.
async fn failure(mut failed: mpsc::UnboundedReceiver<String>) -> Ended {
    match failed.recv().await {
        Some(text) => Ended::Said(Kind::Bad, text),
        None => std::future::pending().await,
    }
}
