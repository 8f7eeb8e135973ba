//! Message templates.

use super::view;
use crate::time::IsoTime;

view!(
    /// Which template it is.
    TemplateView of TemplateName {
        /// Meta's id of it.
        id: &'a str,
        /// Its name.
        name: &'a str,
        /// Its language.
        language: &'a str,
    }
);
view!(
    /// A template was approved, rejected, paused, ….
    TemplateStatusView of TemplateStatus {
        /// The template.
        template: TemplateView<'a>,
        /// What happened (`APPROVED`, `REJECTED`, …).
        event: &'a str,
        /// Its category.
        category: &'a str,
        /// Why, in a word.
        reason: &'a str,
        /// When it is disabled, as Meta writes it.
        disabled_on: &'a str,
        /// What else Meta says.
        title: &'a str,
        /// The text below the title.
        description: &'a str,
        /// Why it was rejected, in sentences.
        rejection: RejectionView<'a>,
    }
);
view!(
    /// Why a template was rejected.
    RejectionView of Rejection {
        /// What is wrong.
        reason: &'a str,
        /// What to do about it.
        recommendation: &'a str,
    }
);
view!(
    /// How customers take a template changed.
    TemplateQualityView of TemplateQuality {
        /// The template.
        template: TemplateView<'a>,
        /// `GREEN`, `YELLOW`, `RED` or `UNKNOWN`, before.
        previous: &'a str,
        /// The same, now.
        current: &'a str,
    }
);
view!(
    /// A template has another text now.
    TemplateComponentsView of TemplateComponents {
        /// The template.
        template: TemplateView<'a>,
        /// Its text.
        body: &'a str,
        /// Its header.
        title: &'a str,
        /// Its footer.
        footer: &'a str,
        /// Its buttons.
        buttons: Vec<ButtonView<'a>>,
    }
);
view!(
    /// A button of a template.
    ButtonView of TemplateButton {
        /// Its type.
        r#type <- kind: &'a str,
        /// What stands on it.
        text: &'a str,
        /// Where it leads.
        url: &'a str,
        /// Whom it calls.
        phone: &'a str,
    }
);
view!(
    /// A template is, or will be, of another category.
    TemplateCategoryView of TemplateCategory {
        /// The template.
        template: TemplateView<'a>,
        /// The category before, once it has changed.
        previous: &'a str,
        /// The category that it has.
        current: &'a str,
        /// The category that it ought to have, while the change is still to come.
        correct: &'a str,
        /// When the change comes.
        at: IsoTime,
    }
);
