//! Message templates.

use waypost_domain::notice::{
    Rejection, TemplateButton, TemplateCategory, TemplateComponents, TemplateName, TemplateQuality,
    TemplateStatus,
};

use super::{moment, object, objects, read, token};
use crate::json::Node;
use crate::shapes::{DisableInfo, OtherInfo};
use crate::webhook::detail::{members, opaque, words};

fn name(value: Node<'_>) -> TemplateName {
    read!(value => TemplateName {
        id = "message_template_id" as token,
        name = "message_template_name" as token,
        language = "message_template_language" as token,
    })
}

pub(super) fn status(value: Node<'_>) -> TemplateStatus {
    let more: OtherInfo<'_> = members(value);
    let other: OtherInfo<'_> = members(more.other_info);
    read!(value => TemplateStatus {
        event = "event" as token,
        category = "message_template_category" as token,
        reason = "reason" as token,
        disabled_on = "disable_info" as |node| words(members::<DisableInfo<'_>>(node).disable_date),
        rejection = "rejection_info" as object(rejection),
    }, { template: name(value), title: words(other.title), description: words(other.description) })
}

fn rejection(node: Node<'_>) -> Rejection {
    read!(node => Rejection { reason = "reason" as words, recommendation = "recommendation" as words })
}

pub(super) fn quality(value: Node<'_>) -> TemplateQuality {
    read!(value => TemplateQuality {
        previous = "previous_quality_score" as token,
        current = "new_quality_score" as token,
    }, { template: name(value) })
}

pub(super) fn components(value: Node<'_>) -> TemplateComponents {
    read!(value => TemplateComponents {
        body = "message_template_element" as words,
        title = "message_template_title" as words,
        footer = "message_template_footer" as words,
        buttons = "message_template_buttons" as objects(TemplateButton::COUNT_MAX, button),
    }, { template: name(value) })
}

fn button(node: Node<'_>) -> TemplateButton {
    read!(node => TemplateButton {
        kind = "message_template_button_type" as token,
        text = "message_template_button_text" as words,
        url = "message_template_button_url" as opaque,
        phone = "message_template_button_phone_number" as token,
    })
}

pub(super) fn category(value: Node<'_>) -> TemplateCategory {
    read!(value => TemplateCategory {
        previous = "previous_category" as token,
        current = "new_category" as token,
        correct = "correct_category" as token,
        at = "category_update_timestamp" as moment,
    }, { template: name(value) })
}
