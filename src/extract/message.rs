//! What a message in a binary notation says, for whoever asks what an upload is about. What is inspected is read
//! elsewhere.

use bytes::Bytes;

use super::content_type::Declared;
use super::{grpc, protobuf, serialised};

/// Numbers and texts of a message that are of use.
const MAX_VALUES: usize = 64;

/// The values of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Whole numbers that are not negative, in their order.
    pub numbers: Vec<u64>,
    /// Texts, in their order.
    pub texts: Vec<Bytes>,
    /// The longest run of bytes, or else the longest text.
    pub content: Bytes,
}

impl Message {
    pub(super) fn number(&mut self, number: u64) {
        if self.numbers.len() < MAX_VALUES {
            self.numbers.push(number);
        }
    }

    pub(super) fn text(&mut self, text: Bytes) {
        if self.texts.len() < MAX_VALUES {
            self.texts.push(text);
        }
    }

    pub(super) fn bytes(&mut self, bytes: Bytes) {
        if bytes.len() > self.content.len() {
            self.content = bytes;
        }
    }
}

/// The messages in `body`, which is declared to be of this type, as one; `None` where it is in none of the notations
/// that are known, or there is no content in it. What is compressed is left out.
pub fn message_of(body: &Bytes, content_type: &[u8]) -> Option<Message> {
    let mut message = Message::default();
    match Declared::parse(content_type) {
        Ok(Declared::Grpc(_)) => grpc::tell(body, &mut message),
        Ok(Declared::Protobuf) => protobuf::tell(body, 0, &mut message),
        Ok(Declared::Other) => serialised::tell(body, content_type, &mut message),
        _ => {}
    }
    if message.content.is_empty() {
        message.content = message.texts.iter().max_by_key(|text| text.len()).cloned()?;
    }
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_every_notation_say_what_is_in_them() {
        let protobuf = b"\x0a\x03f-1\x10\x02\x18\x03\x22\x06\x0a\x04\xff\xfe\0\x01";
        let framed = [&[0, 0, 0, 0, protobuf.len() as u8][..], protobuf].concat();
        let packed = b"\x84\xa2id\xa3f-1\xa1i\x02\xa1n\x03\xa1d\xc4\x04\xff\xfe\0\x01";
        for (content_type, body) in [
            ("application/grpc", &framed[..]),
            ("application/connect+proto", &framed),
            ("application/x-protobuf", protobuf),
            ("application/msgpack", packed),
            ("", packed),
        ] {
            let message = message_of(&Bytes::copy_from_slice(body), content_type.as_bytes()).unwrap();
            assert_eq!(message.numbers, [2, 3], "{content_type}");
            assert!(message.texts.iter().any(|text| text == "f-1"), "{content_type}");
            assert_eq!(&message.content[..], b"\xff\xfe\0\x01", "{content_type}");
        }
        for (content_type, body) in [("image/png", &b"\x89PNG\r\n\x1a\n"[..]), ("text/plain", b"a text"), ("", b"")] {
            assert_eq!(message_of(&Bytes::copy_from_slice(body), content_type.as_bytes()), None, "{content_type}");
        }
    }
}
