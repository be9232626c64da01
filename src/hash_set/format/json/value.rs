//! Values of entries, as lenient as the writers of lists are: numbers and booleans stand in quotes or not, what is
//! unknown is `null`, empty or left out, and a list of names comes in every shape.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::row::wrong_value;
use crate::config::json_sentence;
use crate::hash_set::problem::RowProblemKind;

/// Parses the bytes of one entry, which are known to be JSON.
///
/// # Errors
/// [`RowProblemKind::Syntax`] when a text in it is none, a number is out of range, or a member stands there twice.
pub(super) fn parse<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, RowProblemKind> {
    serde_json::from_slice(bytes)
        .map_err(|error| RowProblemKind::Syntax { syntax: "an entry", message: json_sentence(&error) })
}

/// A text, number or boolean.
#[derive(Debug, Default)]
pub(super) enum Scalar<'a> {
    /// Left out or `null`.
    #[default]
    Absent,
    /// As written, but for escapes.
    Text(Cow<'a, str>),
    /// Something else, by its name.
    Wrong(&'static str),
}

impl Scalar<'_> {
    /// The text of `field` without the spaces around it; `None` when nothing is left.
    ///
    /// # Errors
    /// [`RowProblemKind::Value`] when it is an array or an object.
    pub(super) fn text(&self, field: &'static str) -> Result<Option<&str>, RowProblemKind> {
        match self {
            Self::Absent => Ok(None),
            Self::Text(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Self::Wrong(found) => Err(wrong_value(field, found, "a text or a number")),
        }
    }

    /// The same for a field that every entry has.
    ///
    /// # Errors
    /// [`RowProblemKind::MissingField`] too.
    pub(super) fn required(&self, field: &'static str) -> Result<&str, RowProblemKind> {
        self.text(field)?.ok_or(RowProblemKind::MissingField(field))
    }

    /// Whether `field` is true, which it is not when it is absent.
    ///
    /// # Errors
    /// [`RowProblemKind::Value`].
    pub(super) fn is_true(&self, field: &'static str) -> Result<bool, RowProblemKind> {
        match self.text(field)? {
            None => Ok(false),
            Some(text) if text.eq_ignore_ascii_case("true") || text == "1" => Ok(true),
            Some(text) if text.eq_ignore_ascii_case("false") || text == "0" => Ok(false),
            Some(text) => Err(wrong_value(field, text, "true or false")),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Absent)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(if value { "true" } else { "false" })))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_string())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Wrong("an array"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Wrong("an object"))
    }
}

/// Names, however they are listed: a text, an array of texts, objects with the text in `text`, `name` or `td_name`, or
/// any of these as the `data` of an object.
#[derive(Debug, Default)]
pub(super) struct Names<'a>(pub(super) Vec<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Names<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Names<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Names::default())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Names(vec![Cow::Borrowed(text)]))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Names(vec![Cow::Owned(text.to_owned())]))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Names::default())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Names(vec![Cow::Owned(value.to_string())]))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Names(vec![Cow::Owned(value.to_string())]))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Names(vec![Cow::Owned(value.to_string())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut names = Names::default();
        while let Some(more) = elements.next_element::<Names<'de>>()? {
            names.0.extend(more.0);
        }
        Ok(names)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut names = Names::default();
        while let Some(key) = members.next_key::<Scalar<'de>>()? {
            match &key {
                Scalar::Text(key) if matches!(&**key, "text" | "name" | "td_name" | "data") => {
                    names.0.extend(members.next_value::<Names<'de>>()?.0);
                }
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        Ok(names)
    }
}

/// The elements of an array; a single one may stand without it, and `null` is none.
#[derive(Debug)]
pub(super) struct Several<T>(pub(super) Vec<T>);

impl<T> Default for Several<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Several<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SeveralVisitor(std::marker::PhantomData))
    }
}

struct SeveralVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SeveralVisitor<T> {
    type Value = Several<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of objects")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Several::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut several = Vec::new();
        while let Some(element) = elements.next_element()? {
            several.push(element);
        }
        Ok(Several(several))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Self::Value, A::Error> {
        T::deserialize(serde::de::value::MapAccessDeserializer::new(members)).map(|only| Several(vec![only]))
    }
}

/// Name and value of the members of an object, such as the hashes of a file.
#[derive(Debug, Default)]
pub(super) struct Pairs<'a>(pub(super) Vec<(Cow<'a, str>, Scalar<'a>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Pairs::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some((key, value)) = members.next_entry::<Scalar<'de>, Scalar<'de>>()? {
            if let Scalar::Text(key) = key {
                pairs.push((key, value));
            }
        }
        Ok(Pairs(pairs))
    }
}
