//! The loop: wait for anything, drain what is queued, update each, draw at most every 33 ms.
//!
//! There is no tick: when nothing happens, nothing wakes and nothing is written.

use std::io;
use std::io::BufWriter;
use std::io::Stdout;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::EventStream;
use crossterm::queue;
use crossterm::terminal::BeginSynchronizedUpdate;
use crossterm::terminal::EndSynchronizedUpdate;
use futures_util::FutureExt;
use futures_util::StreamExt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::sync::Notify;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app::effect::Effect;
use crate::app::effect::WatchSpec;
use crate::app::event::Event;
use crate::app::event::Feed;
use crate::app::event::Reply;
use crate::app::event::Size;
use crate::app::model::Model;
use crate::app::model::Settings;
use crate::app::update::update;
use crate::io::calls;
use crate::io::clipboard;
use crate::io::clock::Clock;
use crate::io::connection;
use crate::io::source::Sink;
use crate::io::wire::Address;
use crate::io::wire::Hub;
use crate::term::guard;
use crate::term::guard::Guard;
use crate::term::input;
use crate::term::input::Signals;
use crate::ui;
use crate::ui::Look;

/// Frames are at least this far apart.
const FRAME: Duration = Duration::from_millis(33);

/// What tasks end with.
enum Ended {
    Connection,
    Call(Reply),
    Copy(Result<String, String>),
}

/// The terminal and what it shows.
struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    shown: Buffer,
    last_frame: Option<Instant>,
    look: Look,
}

struct Outside {
    spec: watch::Sender<WatchSpec>,
    feed: watch::Receiver<Feed>,
    retry: Arc<Notify>,
    hub: Hub,
    tasks: JoinSet<Ended>,
}

/// Runs the dashboard on the terminal until the user or the system ends it.
///
/// # Errors
/// When the terminal fails.
pub async fn run(settings: Settings, address: Address, look: Look) -> io::Result<()> {
    let clock = Clock::start();
    let mut signals = Signals::listen()?;
    let guard = Guard::enter()?;
    let mut screen = Screen::open(look)?;
    let size = screen.size()?;
    let mut model = Model::new(settings, size, clock.now());
    model.whole_cells = look.needs_whole_cells();
    // First the frame, then the network.
    screen.draw(&model)?;
    let mut outside = Outside::start(address, clock);
    let mut keys = EventStream::new();
    let first = update(&mut model, Event::Wake, clock.now());
    let mut dirty = false;
    let mut over = outside.carry_out(first, &mut screen)?;
    while !over {
        let event = next_event(
            &model,
            &screen,
            dirty,
            clock,
            &mut keys,
            &mut signals,
            &mut outside,
        )
        .await?;
        let mut events: Vec<_> = event.into_iter().collect();
        drain(&mut events, &mut keys, &mut outside)?;
        for event in events {
            if matches!(event, Event::Resumed) {
                guard::enter()?;
                screen.forget()?;
            }
            let effects = update(&mut model, event, clock.now());
            over |= outside.carry_out(effects, &mut screen)?;
        }
        dirty = !screen.draw_if_due(&model)?;
    }
    drop(guard);
    Ok(())
}

/// Waits for the next event. Answers nothing when it is only time for a frame.
async fn next_event(
    model: &Model,
    screen: &Screen,
    dirty: bool,
    clock: Clock,
    keys: &mut EventStream,
    signals: &mut Signals,
    outside: &mut Outside,
) -> io::Result<Option<Event>> {
    let wakeup = model.next_wakeup().map(|at| clock.instant(at));
    let frame = screen.last_frame.filter(|_| dirty).map(|at| at + FRAME);
    let until = [wakeup, frame].into_iter().flatten().min();
    let timer = async {
        match until {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        key = keys.next() => match key {
            Some(Ok(it)) => Ok(input::event(it)),
            // The terminal is gone.
            Some(Err(_)) | None => Ok(Some(Event::EndRequested)),
        },
        it = signals.next() => Ok(Some(it)),
        Ok(()) = outside.feed.changed() => Ok(Some(outside.newest())),
        Some(ended) = outside.tasks.join_next() => ended_event(ended),
        () = timer => Ok(wakeup.filter(|at| *at <= Instant::now()).map(|_| Event::Wake)),
    }
}

/// Takes everything that is queued already, so that one frame shows it all.
fn drain(events: &mut Vec<Event>, keys: &mut EventStream, outside: &mut Outside) -> io::Result<()> {
    while let Some(Some(Ok(it))) = keys.next().now_or_never() {
        events.extend(input::event(it));
    }
    while let Some(ended) = outside.tasks.try_join_next() {
        events.extend(ended_event(ended)?);
    }
    if outside.feed.has_changed().unwrap_or(false) {
        events.push(outside.newest());
    }
    Ok(())
}

/// A panic in a task is one of the dashboard: the hook has reported it.
fn ended_event(ended: Result<Ended, tokio::task::JoinError>) -> io::Result<Option<Event>> {
    match ended {
        Ok(Ended::Call(reply)) => Ok(Some(Event::Reply(reply))),
        Ok(Ended::Copy(told)) => Ok(Some(Event::Copied(told))),
        Ok(Ended::Connection) => Ok(Some(Event::EndRequested)),
        Err(error) => Err(io::Error::other(error)),
    }
}

impl Outside {
    fn start(address: Address, clock: Clock) -> Self {
        let (spec, watched) = watch::channel(WatchSpec::default());
        let (sender, feed) = watch::channel(Feed::default());
        let retry = Arc::new(Notify::new());
        let hub = address.lazy();
        let mut tasks = JoinSet::new();
        let sink = Sink::new(sender, clock);
        let keep = connection::keep(address, watched, Arc::clone(&retry), sink);
        tasks.spawn(async move {
            keep.await;
            Ended::Connection
        });
        Self {
            spec,
            feed,
            retry,
            hub,
            tasks,
        }
    }

    fn newest(&mut self) -> Event {
        Event::Feed(self.feed.borrow_and_update().clone())
    }

    /// Carries wishes out; answers whether it is over.
    fn carry_out(&mut self, effects: Vec<Effect>, screen: &mut Screen) -> io::Result<bool> {
        let mut over = false;
        for effect in effects {
            match effect {
                Effect::Watch(spec) => {
                    self.spec.send_replace(*spec);
                }
                Effect::Call { id, call } => {
                    let made = calls::make(self.hub.clone(), id, call);
                    self.tasks.spawn(async move { Ended::Call(made.await) });
                }
                Effect::Copy { text, what } => {
                    let by_terminal = screen.copy(&text)?;
                    self.tasks.spawn_blocking(move || {
                        Ended::Copy(clipboard::copy(&text, &what, by_terminal))
                    });
                }
                Effect::RetryNow => self.retry.notify_one(),
                Effect::StopProcess => {
                    guard::leave();
                    Signals::stop_process()?;
                    guard::enter()?;
                    screen.forget()?;
                }
                Effect::Quit => over = true,
            }
        }
        Ok(over)
    }
}

impl Screen {
    fn open(look: Look) -> io::Result<Self> {
        let backend = CrosstermBackend::new(BufWriter::with_capacity(64 * 1024, io::stdout()));
        let terminal = Terminal::new(backend)?;
        let shown = Buffer::empty(Rect::ZERO);
        Ok(Self {
            terminal,
            shown,
            last_frame: None,
            look,
        })
    }

    fn size(&self) -> io::Result<Size> {
        let it = self.terminal.size()?;
        Ok(Size {
            width: it.width,
            height: it.height,
        })
    }

    /// Gives `text` to the terminal's clipboard; answers whether it could be.
    fn copy(&mut self, text: &str) -> io::Result<bool> {
        let in_tmux = std::env::var_os("TMUX").is_some();
        let Some(sequence) = clipboard::sequence(text, in_tmux) else {
            return Ok(false);
        };
        let backend = self.terminal.backend_mut();
        backend.write_all(sequence.as_bytes())?;
        backend.flush()?;
        Ok(true)
    }

    /// What is on the terminal is not known any more.
    fn forget(&mut self) -> io::Result<()> {
        self.shown = Buffer::empty(Rect::ZERO);
        // `clear` would ask the terminal for its cursor, and the answer would go to the keys.
        let size = self.terminal.size()?;
        self.terminal
            .resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Draws unless the last frame was a moment ago; answers whether it drew.
    fn draw_if_due(&mut self, model: &Model) -> io::Result<bool> {
        if self.last_frame.is_some_and(|at| at.elapsed() < FRAME) {
            return Ok(false);
        }
        self.draw(model)?;
        Ok(true)
    }

    /// Draws, and writes nothing when no cell has changed.
    fn draw(&mut self, model: &Model) -> io::Result<()> {
        let mut next = Buffer::empty(Rect::new(0, 0, model.size.width, model.size.height));
        ui::view(model, self.look, &mut next);
        self.last_frame = Some(Instant::now());
        if next == self.shown {
            return Ok(());
        }
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal
            .draw(|frame| copy(&next, frame.buffer_mut()))?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        self.terminal.backend_mut().flush()?;
        self.shown = next;
        Ok(())
    }
}

/// The terminal may have another size already than the model knows.
fn copy(from: &Buffer, to: &mut Buffer) {
    let both = from.area.intersection(to.area);
    for y in both.top()..both.bottom() {
        for x in both.left()..both.right() {
            if let (Some(source), Some(target)) = (from.cell((x, y)), to.cell_mut((x, y))) {
                target.clone_from(source);
            }
        }
    }
}
