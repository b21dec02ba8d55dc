//! What always exists: kinds without fields, such as the caller's identity.

use landfall_core::{Attributes, Context, Fields, Observed};

use crate::{
    draw::Draw,
    mint::Subject,
    world::{Rules, Served},
};

/// An object of a kind without fields: there is nothing to create, so there always is one, whatever id it is
/// looked up by.
pub(crate) fn observe(served: &Served, rules: &Rules, cx: &Context, id: &str) -> Option<Observed> {
    let forms = served.forms.as_ref().ok().filter(|_| served.kind.fields.is_empty())?;
    let draw = Draw::new(rules.seed).with(served.kind.name).with(cx.place.as_str()).with(id);
    let fields = Fields::new();
    let subject = Subject { cx, account: &rules.account, fields: &fields, draw };
    let mut attributes = Attributes::new();
    for form in forms {
        let value = form.mint(&subject, &attributes);
        attributes.insert(form.name.to_owned(), value);
    }
    Some(Observed { fields, attributes })
}
