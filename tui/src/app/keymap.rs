//! Keys by their names for people.

use crate::app::event::Code;
use crate::app::event::Key;

/// The name of a key, as the help and the footer show it.
pub fn name(key: Key) -> String {
    let base = match key.code {
        Code::Char(' ') => "Space".to_owned(),
        Code::Char(it) => it.to_string(),
        Code::Enter => "Enter".to_owned(),
        Code::Esc => "Esc".to_owned(),
        Code::Backspace => "Backspace".to_owned(),
        Code::Delete => "Delete".to_owned(),
        Code::Tab => "Tab".to_owned(),
        Code::BackTab => "shift-Tab".to_owned(),
        Code::Up => "Up".to_owned(),
        Code::Down => "Down".to_owned(),
        Code::Left => "Left".to_owned(),
        Code::Right => "Right".to_owned(),
        Code::Home => "Home".to_owned(),
        Code::End => "End".to_owned(),
        Code::PageUp => "PgUp".to_owned(),
        Code::PageDown => "PgDn".to_owned(),
    };
    match (key.ctrl, key.alt) {
        (true, _) => format!("ctrl-{base}"),
        (false, true) => format!("alt-{base}"),
        (false, false) => base,
    }
}

/// All names of an action's keys.
pub fn names(keys: &[Key]) -> String {
    keys.iter()
        .map(|it| name(*it))
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use crate::app::action::ACTIONS;
    use crate::app::action::Place;

    #[test]
    fn no_key_means_two_things_on_one_screen() {
        for (index, one) in ACTIONS.iter().enumerate() {
            for other in &ACTIONS[index + 1..] {
                let apart = one.place != other.place
                    && one.place != Place::Everywhere
                    && other.place != Place::Everywhere;
                let shared = one.keys.iter().any(|it| other.keys.contains(it));
                assert!(
                    apart || !shared,
                    "{:?} and {:?} share a key",
                    one.id,
                    other.id
                );
            }
        }
    }
}
