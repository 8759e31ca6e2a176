//! The command line. Without a subcommand the dashboard runs.

pub mod args;
pub mod why;

use crate::Config;
use crate::cli::args::Args;
use crate::cli::args::ColorChoice;
use crate::cli::args::LookArgs;
use crate::config;
use crate::config::ConfigError;
use crate::ui::Look;
use crate::ui::theme::Theme;

/// What `args` and the environment ask for.
///
/// # Errors
/// When no server can be made out of them.
pub fn dashboard_config(
    args: &Args,
    env: impl Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let server = config::resolve(&args.wanted(), &env)?;
    Ok(Config {
        server,
        read_only: args.read_only,
        look: look(&args.look, env),
    })
}

/// How the dashboard looks: flags first, then what the environment says of the terminal.
pub fn look(args: &LookArgs, env: impl Fn(&str) -> Option<String>) -> Look {
    let is_set = |name: &str| env(name).is_some_and(|it| !it.is_empty());
    let forced = ["CLICOLOR_FORCE", "FORCE_COLOR"]
        .iter()
        .any(|it| env(it).is_some_and(|value| !value.is_empty() && value != "0"));
    let is_dumb = env("TERM").is_some_and(|it| it == "dumb");
    let color = match args.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => forced || !(is_set("NO_COLOR") || is_dumb),
    };
    let theme = if color { Theme::Color } else { Theme::Mono };
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
        ascii: args.ascii || !has_utf8,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn look_of(flags: &[&str], env: &[(&str, &str)]) -> Look {
        let args = Args::parse_from(std::iter::once("durascope").chain(flags.iter().copied()));
        look(&args.look, |name| {
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
        assert!(look_of(&["--ascii"], &[]).ascii);
        assert!(look_of(&[], &[("LANG", "C")]).ascii);
        assert!(!look_of(&[], &[("LC_ALL", "C.UTF-8"), ("LANG", "C")]).ascii);
    }
}
