//! The dashboard's own doings in a real terminal: mouse, themes, configuration, export,
//! recording and replay.

use std::path::Path;

use durascope_tests::Binary;
use durascope_tests::Emulator;
use durascope_tests::RawClient;
use durascope_tests::Terminal;
use durascope_tests::terminal::Modes;

const SIZE: (u16, u16) = (36, 130);
const CTRL_S: &str = "\x13";
const ENTER: &str = "\r";

/// The dashboard with the configuration of this folder.
fn dashboard(config: &Path, arguments: &[&str]) -> Terminal {
    let config = config.to_str().unwrap();
    let environment = [
        ("LANG", "C.UTF-8"),
        ("LC_ALL", "C.UTF-8"),
        ("XDG_CONFIG_HOME", config),
        // Elsewhere than on most systems it is below the home folder.
        ("HOME", config),
    ];
    Terminal::start(
        &Binary::Dashboard.path().unwrap(),
        arguments,
        &environment,
        SIZE,
    )
    .unwrap()
}

fn leaves_clean(terminal: &mut Terminal, keys: &str) {
    terminal.send(keys).unwrap();
    assert_eq!(terminal.wait_exit().unwrap(), 0);
    assert_eq!(terminal.modes(), Modes::CLEAN);
}

/// A press and a release of the left button on the first place where `text` stands.
fn click(terminal: &Terminal, text: &str) {
    let screen = terminal.wait_for(text).unwrap();
    let (row, line) = screen
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains(text))
        .unwrap();
    let column = line[..line.find(text).unwrap()].chars().count();
    let at = format!("{};{}", column + 1, row + 1);
    terminal
        .send(&format!("\x1b[<0;{at}M\x1b[<0;{at}m"))
        .unwrap();
}

fn has(terminal: &Terminal, bytes: &str) -> bool {
    String::from_utf8_lossy(&terminal.raw()).contains(bytes)
}

async fn two_orders(emulator: &Emulator) {
    let client = RawClient::connect(emulator.endpoint()).await.unwrap();
    for id in ["order-1", "order-2"] {
        client.start("Order", id, Some("\"in\"")).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_tabs_and_buttons_are_clicked_and_m_gives_the_mouse_back() {
    let emulator = Emulator::ephemeral().unwrap();
    two_orders(&emulator).await;
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = dashboard(folder.path(), &["--endpoint", emulator.endpoint()]);
    terminal.wait_for("order-2").unwrap();
    assert!(terminal.modes().mouse);
    assert!(!has(&terminal, "\x1b[?1003h"), "no motion is asked for");
    click(&terminal, "2 Failures");
    terminal.wait_for("[2 Failures]").unwrap();
    click(&terminal, "1 Instances");
    terminal.wait_for("[1 Instances]").unwrap();
    // The first click chooses, unless it is chosen already; the second opens.
    click(&terminal, "order-1");
    click(&terminal, "order-1");
    click(&terminal, "order-1");
    terminal.wait_for("[Tree]").unwrap();
    click(&terminal, " History ");
    terminal.wait_for("[History]").unwrap();
    terminal.send("m").unwrap();
    terminal.wait_for("the mouse is the terminal's").unwrap();
    assert!(!terminal.modes().mouse);
    terminal.send("m").unwrap();
    terminal.wait_for("the mouse is the dashboard's").unwrap();
    leaves_clean(&mut terminal, "q");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_theme_is_taken_from_the_palette_and_keys_from_the_configuration() {
    let emulator = Emulator::ephemeral().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("durascope")).unwrap();
    let config = "[dashboard]\nmouse = false\n[keys]\nhelp = [\"H\"]\n";
    std::fs::write(folder.path().join("durascope/durascope.toml"), config).unwrap();
    let mut terminal = dashboard(folder.path(), &["--endpoint", emulator.endpoint()]);
    terminal.wait_for("No orchestrations in task hub").unwrap();
    assert!(!terminal.modes().mouse);
    terminal.wait_for("H* help").unwrap();
    terminal.send(":theme hi").unwrap();
    terminal.wait_for("Theme: high-contrast").unwrap();
    terminal.send(ENTER).unwrap();
    terminal
        .wait_until("the palette is closed", |it| !it.contains("Commands ·"))
        .unwrap();
    // White on black, as the theme has it.
    assert!(has(&terminal, "48;2;0;0;0"), "no ground of the theme");
    terminal.send("H").unwrap();
    terminal.wait_for("Keys with * are yours").unwrap();
    terminal.send("q").unwrap();
    leaves_clean(&mut terminal, "q");
}

#[test]
fn a_configuration_that_is_wrong_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("durascope")).unwrap();
    let config = "[dashboard]\ntheem = \"dark\"\n";
    std::fs::write(folder.path().join("durascope/durascope.toml"), config).unwrap();
    let mut terminal = dashboard(folder.path(), &[]);
    assert_eq!(terminal.wait_exit().unwrap(), 2);
    let words = terminal.screen().replace('\n', "");
    for part in ["durascope.toml, line 2, column 1", "did you mean “theme”?"] {
        assert!(words.contains(part), "{words}");
    }
    assert_eq!(terminal.modes(), Modes::CLEAN);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_shown_is_written_to_a_new_file_that_is_for_the_user_alone() {
    let emulator = Emulator::ephemeral().unwrap();
    two_orders(&emulator).await;
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = dashboard(folder.path(), &["--endpoint", emulator.endpoint()]);
    terminal.wait_for("order-2").unwrap();
    terminal.send(CTRL_S).unwrap();
    terminal.wait_for("export instances.json").unwrap();
    let file = folder.path().join("list.csv");
    let path = file.to_str().unwrap();
    // Ctrl-u empties the line.
    terminal.send(&format!("\x15export {path}{ENTER}")).unwrap();
    terminal.wait_for("wrote ").unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("instance_id,name,status,"), "{text}");
    assert!(text.contains("order-1,Order,pending,"), "{text}");
    assert_eq!(text.lines().count(), 3);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    terminal.send(&format!(":export {path}{ENTER}")).unwrap();
    terminal.wait_for("was not overwritten").unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
    leaves_clean(&mut terminal, "q");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_shows_the_same_screen_without_a_server() {
    let emulator = Emulator::ephemeral().unwrap();
    two_orders(&emulator).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.rec");
    let path = file.to_str().unwrap();
    let arguments = ["--endpoint", emulator.endpoint(), "--record", path];
    let mut terminal = dashboard(folder.path(), &arguments);
    terminal.wait_for("● REC").unwrap();
    terminal.wait_for("order-2").unwrap();
    terminal.wait_for("input \"in\"").unwrap();
    let live = terminal.screen();
    leaves_clean(&mut terminal, "q");
    drop(emulator);

    let mut terminal = dashboard(folder.path(), &["--replay", path]);
    terminal.wait_for("REPLAY").unwrap();
    let seen = |screen: &str| -> Vec<String> {
        let rows = screen.lines().filter(|it| it.contains("order-"));
        let words = rows.map(|it| it.split_whitespace().take(4).collect::<Vec<_>>().join(" "));
        words.collect()
    };
    terminal
        .wait_until("the rows of the session", |it| seen(it) == seen(&live))
        .unwrap();
    // It is at its end, and nothing comes but keys: each is answered at once.
    terminal.wait_for("(end)").unwrap();
    for (key, shown) in [
        ("2", "[2"),
        ("3", "[3"),
        ("4", "[4"),
        ("5", "[5"),
        ("1", "[1"),
    ] {
        terminal.send(key).unwrap();
        terminal.wait_for(shown).unwrap();
    }
    terminal.send("t").unwrap();
    terminal.wait_for("off, a replay sends nothing").unwrap();
    leaves_clean(&mut terminal, "q");

    let arguments = ["--replay", folder.path().to_str().unwrap()];
    let mut terminal = dashboard(folder.path(), &arguments);
    assert_eq!(terminal.wait_exit().unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_capital_q_leaves_the_screen_behind() {
    let emulator = Emulator::ephemeral().unwrap();
    two_orders(&emulator).await;
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = dashboard(folder.path(), &["--endpoint", emulator.endpoint()]);
    terminal.wait_for("order-2").unwrap();
    leaves_clean(&mut terminal, "Q");
    assert!(
        terminal.screen().contains("order-2"),
        "{}",
        terminal.screen()
    );
}
