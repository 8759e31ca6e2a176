//! The single tasks of an open instance: pages of them below the lines of the tree.

use crate::app::screens::instance::Instance;
use crate::data::items::Items;
use crate::data::siblings::Siblings;
use crate::data::tasks::Tasks;
use crate::data::tree::NodeKey;

impl Instance {
    /// The single tasks, when they are those of the tree's execution.
    pub(super) fn items(&self) -> Option<Items<'_>> {
        let tasks = self.tasks.as_ref().filter(|it| it.found)?;
        let execution = &self.row()?.execution_id;
        (**execution == *tasks.execution_id).then(|| Items::new(tasks, &self.pages))
    }

    pub(super) fn take_tasks(&mut self, tasks: Tasks) {
        if self.tasks.as_ref().is_some_and(|it| it.is_same(&tasks)) {
            return;
        }
        self.siblings = Siblings::of(&tasks);
        self.has_open = tasks.iter().any(|it| !it.is_over());
        self.tasks = Some(tasks);
    }

    /// Tasks and what is known of them, for the text about a line.
    pub fn measured(&self) -> Option<(&Tasks, &Siblings)> {
        Some((self.tasks.as_ref()?, &self.siblings))
    }

    /// Shows more of the tasks behind the selected line; false when it is another line, or when
    /// there are as many as there may be.
    pub(super) fn show_more(&mut self) -> Option<bool> {
        let NodeKey::More {
            kind,
            name,
            turn,
            state,
        } = self.selected()?.key.clone()
        else {
            return None;
        };
        let key = NodeKey::State {
            kind,
            name,
            turn,
            state,
        };
        let chosen = self.folds.contains_key(&key);
        let line = self.index;
        let grows = self.pages.more(key, chosen);
        self.rebuild();
        // The first of the new ones takes the place of the line that stood for them.
        self.go_to(line);
        Some(grows)
    }
}
