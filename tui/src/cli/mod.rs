//! The command line. Without a subcommand the dashboard runs.

mod about;
pub mod acts;
pub mod args;
pub mod why;

use crate::Config;
use crate::Session;
use crate::app::choices::Choices;
use crate::app::choices::ListChoices;
use crate::cli::args::Args;
use crate::cli::args::ColorChoice;
use crate::cli::args::LookArgs;
use crate::config;
use crate::config::ConfigError;
use crate::config::Wanted;
use crate::config::file::File;
use crate::config::file::FileError;
use crate::config::paths;
use crate::ui::Look;
use crate::ui::theme::Theme;

/// What the user's configuration file says; nothing when there is none.
///
/// # Errors
/// When it cannot be read, or something in it is wrong.
pub fn user_file() -> Result<File, FileError> {
    match paths::user_file() {
        Some(path) => File::read(&path),
        None => Ok(File::default()),
    }
}

/// What `args`, the configuration and the environment ask for.
///
/// # Errors
/// When no server can be made out of them.
pub fn dashboard_config(
    args: &Args,
    file: &File,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let session = match (&args.record, &args.replay) {
        (_, Some(path)) => Session::Replay(path.clone()),
        (Some(path), None) => Session::Recorded(path.clone()),
        (None, None) => Session::Live,
    };
    let server = match session {
        // No server is asked: whatever the environment says of one cannot be wrong.
        Session::Replay(_) => config::resolve(&Wanted::default(), |_| None)?,
        _ => config::resolve(&args.wanted(), &env)?,
    };
    Ok(Config {
        server,
        read_only: args.read_only,
        look: look(&args.look, file, &env),
        choices: choices(&args.look, file, &env),
        list: list(file),
        session,
    })
}

/// How the dashboard looks: flags first, then what the environment says of the terminal.
pub fn look(args: &LookArgs, file: &File, env: impl Fn(&str) -> Option<String>) -> Look {
    let named = args.theme.as_deref().and_then(Theme::named);
    let theme = if colors(args, &env) {
        named.or(file.theme).unwrap_or(Theme::Color)
    } else {
        Theme::Mono
    };
    // An absent locale says nothing; one without UTF-8 says that blocks would be garbage.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|it| env(it).filter(|v| !v.is_empty()));
    let has_utf8 = locale.is_none_or(|it| {
        let it = it.to_ascii_lowercase();
        it.contains("utf-8") || it.contains("utf8")
    });
    Look {
        theme,
        ascii: args.ascii || file.ascii == Some(true) || !has_utf8,
    }
}

/// What the user begins with and may change on screen.
pub fn choices(args: &LookArgs, file: &File, env: impl Fn(&str) -> Option<String>) -> Choices {
    Choices {
        keys: file.keys(),
        colors_off: !colors(args, env),
        mouse: !args.no_mouse && file.mouse != Some(false),
        ..Choices::default()
    }
}

/// How the list of instances begins.
pub fn list(file: &File) -> ListChoices {
    ListChoices {
        sort: file.sort,
        roots_only: file.roots,
    }
}

/// Whether the terminal is to have colours.
fn colors(args: &LookArgs, env: impl Fn(&str) -> Option<String>) -> bool {
    let is_set = |name: &str| env(name).is_some_and(|it| !it.is_empty());
    let forced = ["CLICOLOR_FORCE", "FORCE_COLOR"]
        .iter()
        .any(|it| env(it).is_some_and(|value| !value.is_empty() && value != "0"));
    let is_dumb = env("TERM").is_some_and(|it| it == "dumb");
    match args.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => forced || !(is_set("NO_COLOR") || is_dumb),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn look_of(flags: &[&str], env: &[(&str, &str)]) -> Look {
        let args = Args::parse_from(std::iter::once("durascope").chain(flags.iter().copied()));
        look(&args.look, &File::default(), |name| {
            env.iter().find(|it| it.0 == name).map(|it| it.1.to_owned())
        })
    }

    #[test]
    fn flags_beat_the_environment_and_force_beats_no_color() {
        let no = ("NO_COLOR", "1");
        assert_eq!(look_of(&[], &[]).theme, Theme::Color);
        assert_eq!(look_of(&[], &[no]).theme, Theme::Mono);
        assert_eq!(look_of(&[], &[("NO_COLOR", "")]).theme, Theme::Color);
        assert_eq!(
            look_of(&[], &[no, ("FORCE_COLOR", "1")]).theme,
            Theme::Color
        );
        assert_eq!(look_of(&["--color", "always"], &[no]).theme, Theme::Color);
        assert_eq!(look_of(&["--color", "never"], &[]).theme, Theme::Mono);
        assert_eq!(look_of(&[], &[("TERM", "dumb")]).theme, Theme::Mono);
        assert_eq!(look_of(&["--theme", "dark"], &[]).theme, Theme::Dark);
        assert_eq!(look_of(&["--theme", "dark"], &[no]).theme, Theme::Mono);
        assert!(look_of(&["--ascii"], &[]).ascii);
        assert!(look_of(&[], &[("LANG", "C")]).ascii);
        assert!(!look_of(&[], &[("LC_ALL", "C.UTF-8"), ("LANG", "C")]).ascii);
    }

    #[test]
    fn flags_beat_the_configuration_and_that_beats_the_default() {
        let file = File::parse("[dashboard]\ntheme = \"light\"\nmouse = false").unwrap();
        let themed = |flags: &[&str]| {
            let args = Args::parse_from(std::iter::once("durascope").chain(flags.iter().copied()));
            let look = look(&args.look, &file, |_| None);
            (look.theme, choices(&args.look, &file, |_| None).mouse)
        };
        assert_eq!(themed(&[]), (Theme::Light, false));
        assert_eq!(themed(&["--theme", "dark"]), (Theme::Dark, false));
        assert_eq!(themed(&["--color", "never"]), (Theme::Mono, false));
        let args = Args::parse_from(["durascope"]);
        assert!(choices(&args.look, &File::default(), |_| None).mouse);
    }
}
