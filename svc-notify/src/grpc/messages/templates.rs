//! Which mails there are, and what they look like.

use contracts::tradewind::notify::v1::{
    ListMailTemplatesResponse, MailPreview, MailTemplate, PreviewMailTemplateRequest,
    PreviewMailTemplateResponse,
};
use runtime::status::Problem;

use crate::domain::mail::{Language, Template};
use crate::error::Error;
use crate::mail::Mail;
use crate::mail::templates::sample;

pub(super) fn list() -> ListMailTemplatesResponse {
    let templates = Template::ALL.iter().map(|template| MailTemplate {
        name: template.to_string(),
        about: template.about().to_owned(),
        languages: Language::ALL.iter().map(ToString::to_string).collect(),
    });
    ListMailTemplatesResponse {
        templates: templates.collect(),
    }
}

pub(super) fn preview(
    mail: &Mail,
    request: PreviewMailTemplateRequest,
) -> Result<PreviewMailTemplateResponse, Error> {
    let template = Template::try_from(request.name);
    let template = template.map_err(|unknown| Error::NoTemplate(unknown.0))?;
    // The contract takes no tag but those of languages that there are, and none.
    let language = Language::of(&request.language).unwrap_or(mail.settings.language);
    let written = mail.templates.write(template, language, &sample(template));
    let written = written.map_err(|error| Problem::internal(&error))?;
    let preview = MailPreview {
        name: template.to_string(),
        language: language.to_string(),
        subject: written.subject,
        text: written.text,
        html: written.html,
    };
    Ok(PreviewMailTemplateResponse {
        preview: Some(preview),
    })
}
