//! The loop: wait for anything, drain what is queued, update each, draw at most every 16 ms.
//!
//! There is no tick: when nothing happens, nothing wakes and nothing is written.

use std::io;
use std::io::BufWriter;
use std::io::Stdout;
use std::io::Write;
use std::time::Duration;

use crossterm::event::EventStream;
use crossterm::queue;
use crossterm::terminal::BeginSynchronizedUpdate;
use crossterm::terminal::EndSynchronizedUpdate;
use futures_util::StreamExt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::time::Instant;

use crate::app::choices::Choices;
use crate::app::choices::ListChoices;
use crate::app::event::Event;
use crate::app::event::Size;
use crate::app::flow::Replay;
use crate::app::model::Model;
use crate::app::model::Settings;
use crate::app::toast::Kind;
use crate::app::update::update;
use crate::io::clock::Clock;
use crate::term::editor;
use crate::term::editor::Shown;
use crate::term::editor::View;
use crate::term::guard;
use crate::term::guard::Guard;
use crate::term::input;
use crate::term::input::Signals;
use crate::term::outside::Ended;
pub use crate::term::outside::Origin;
use crate::term::outside::Outside;
use crate::term::outside::Wishes;
use crate::ui;
use crate::ui::Look;
use crate::ui::hits;

/// Frames are at least this far apart.
const FRAME: Duration = Duration::from_millis(16);
/// So far apart where the user has done something, and waits to see it.
const FRAME_OF_USER: Duration = Duration::from_millis(8);

/// What the dashboard begins with.
#[derive(Clone, Debug)]
pub struct Beginning {
    pub settings: Settings,
    pub look: Look,
    pub choices: Choices,
    pub list: ListChoices,
}

/// The terminal and what it shows.
pub(super) struct Screen {
    pub(super) terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    shown: Buffer,
    last_frame: Option<Instant>,
    /// The user has done something since then.
    is_awaited: bool,
    look: Look,
}

/// Runs the dashboard on the terminal until the user or the system ends it.
///
/// # Errors
/// When the terminal fails.
pub async fn run(beginning: Beginning, origin: Origin, clock: Clock) -> io::Result<()> {
    let Beginning {
        settings,
        look,
        choices,
        list,
    } = beginning;
    let mut signals = Signals::listen()?;
    let guard = Guard::enter()?;
    guard::mouse(choices.mouse)?;
    // Before the size is asked for: it tells of a change from here on.
    let mut keys = EventStream::new();
    let mut screen = Screen::open(look)?;
    let size = screen.size()?;
    let mut model = Model::new(settings, size, clock.now());
    model.theme = look.theme;
    model.ascii = look.ascii;
    model.choices = choices;
    list.apply(&mut model);
    if let Origin::Recording(it) = &origin {
        model.replay = Some(Replay::new(it.begun, it.length(), clock.now()));
    }
    // First the frame, then the network.
    screen.draw(&model)?;
    let mut outside = Outside::start(origin, clock);
    let first = update(&mut model, Event::Wake, clock.now());
    let mut dirty = false;
    let mut wishes = Wishes::default();
    outside.carry_out(first, &mut screen, &mut wishes)?;
    while !wishes.over {
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
        drain(&mut events, &mut keys, &mut outside).await?;
        wishes.other_hub = false;
        for event in events {
            if wishes.other_hub && matches!(event, Event::Feed(_)) {
                continue;
            }
            screen.is_awaited |= event.is_of_user();
            let event = screen.aim(&model, event);
            if matches!(event, Event::Resumed) {
                guard::enter()?;
                screen.forget()?;
            }
            let effects = update(&mut model, event, clock.now());
            outside.carry_out(effects, &mut screen, &mut wishes)?;
        }
        if let Some(view) = wishes.view.take() {
            // It would take the editor's keys.
            drop(keys);
            let events = screen.give_away(&view, &mut signals).await?;
            keys = EventStream::new();
            for event in events {
                let effects = update(&mut model, event, clock.now());
                outside.carry_out(effects, &mut screen, &mut wishes)?;
            }
        }
        dirty = !screen.draw_if_due(&model)?;
    }
    drop(guard);
    if outside.leaves_screen {
        screen.leave()?;
    }
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
    let frame = screen.next_frame().filter(|_| dirty);
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
async fn drain(
    events: &mut Vec<Event>,
    keys: &mut EventStream,
    outside: &mut Outside,
) -> io::Result<()> {
    while let Some(it) = input::queued(keys).await {
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
        Ok(Ended::Saved(saved)) => Ok(Some(Event::Saved(saved.map_err(|it| it.to_string())))),
        Ok(Ended::Said(kind, text)) => Ok(Some(Event::Said { kind, text })),
        Ok(Ended::Connection) => Ok(Some(Event::EndRequested)),
        Err(error) if error.is_cancelled() => Ok(None),
        Err(error) => Err(io::Error::other(error)),
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
            is_awaited: false,
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

    /// Leaves the terminal to the user's editor with a text; answers what has happened meanwhile.
    async fn give_away(&mut self, view: &View, signals: &mut Signals) -> io::Result<Vec<Event>> {
        guard::leave();
        let shown = editor::open(view, signals).await;
        guard::enter()?;
        self.forget()?;
        let (shown, edited) = shown?;
        let mut events = vec![Event::Resize(self.size()?)];
        events.extend(edited.map(Event::Edited));
        match shown {
            Shown::Left => {}
            Shown::Failed(reason) => events.push(Event::Said {
                kind: Kind::Bad,
                text: reason,
            }),
            Shown::End => events.push(Event::EndRequested),
        }
        Ok(events)
    }

    /// What is on the terminal is not known any more.
    pub(super) fn forget(&mut self) -> io::Result<()> {
        self.shown = Buffer::empty(Rect::ZERO);
        // `clear` would ask the terminal for its cursor, and the answer would go to the keys.
        let size = self.terminal.size()?;
        self.terminal
            .resize(Rect::new(0, 0, size.width, size.height))
    }

    /// Says what a click is on.
    fn aim(&self, model: &Model, event: Event) -> Event {
        match event {
            Event::Mouse { mouse, x, y, .. } => Event::Mouse {
                mouse,
                x,
                y,
                hit: hits::at(model, self.look, x, y),
            },
            event => event,
        }
    }

    /// Writes what was shown last below the prompt, as plain text.
    fn leave(&self) -> io::Result<()> {
        let area = self.shown.area;
        let mut out = io::stdout().lock();
        for y in area.top()..area.bottom() {
            let cells = (area.left()..area.right()).filter_map(|x| self.shown.cell((x, y)));
            let line: String = cells.map(|it| it.symbol()).collect();
            writeln!(out, "{}", line.trim_end())?;
        }
        out.flush()
    }

    /// When the next frame may be drawn.
    fn next_frame(&self) -> Option<Instant> {
        let apart = if self.is_awaited {
            FRAME_OF_USER
        } else {
            FRAME
        };
        self.last_frame.map(|at| at + apart)
    }

    /// Draws unless the last frame was a moment ago; answers whether it drew.
    fn draw_if_due(&mut self, model: &Model) -> io::Result<bool> {
        if self.next_frame().is_some_and(|at| Instant::now() < at) {
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
        self.is_awaited = false;
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
