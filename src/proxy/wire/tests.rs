use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::Wire;
use super::lexer::{Lexer, Sifted};
use super::violation::Violation;

#[test]
fn every_violation_is_documented_with_its_sentence() {
    let page = include_str!("../../../docs/reason-codes.md");
    for violation in Violation::ALL {
        let status = match violation {
            Violation::HeaderTooLarge => 431,
            Violation::HeadersFull => 503,
            Violation::TransferEncoding => 501,
            Violation::Method => 405,
            Violation::HeaderTimeout => 408,
            _ => 400,
        };
        let row = format!("| `{}` | {status} | {} |", violation.code(), violation.explain());
        assert!(page.contains(&row), "docs/reason-codes.md lacks: {row}");
    }
}

fn sift(text: &str) -> Sifted {
    Lexer::default().advance(text.as_bytes())
}

#[test]
fn what_is_in_order_goes_on_and_half_a_head_waits() {
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n\
                   5;a;b=c;d=\"e \\\" f\"\r\nhello\r\n000A\r\n0123456789\r\n0;x=y\r\nX: y\r\n\r\n";
    let sized = "\r\nPUT /a?b#c HTTP/1.0\r\nContent-Length:\t5 \r\n\r\nhello";
    let both = format!("{chunked}{sized}");
    assert_eq!(sift(&both), Sifted::Good(both.len()));
    assert_eq!(sift(&format!("{both}GET / HTTP/1.1\r\nHost: a\r\n")), Sifted::Good(both.len()));
}

#[test]
fn small_chunks_that_come_at_once_become_one_and_others_stay() {
    use super::chunks::merged;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let small = |count: usize| "1;a=\"\\\"\"\r\n\n\r\n2\r\n\r\n\r\n".repeat(count);
    let large = format!("3e8\r\n{}\r\n", "x".repeat(1000));
    let end = "0\r\nX: y\r\n\r\n";
    for (text, expected) in [
        (format!("{head}{}{end}{head}{}{end}", small(8), small(100)), vec![16, 200]),
        (format!("{head}{}{end}", small(7)), vec![]),
        (format!("{head}{}{end}", large.repeat(20)), vec![]),
    ] {
        let mut lexer = Lexer::default();
        assert_eq!(lexer.advance(text.as_bytes()), Sifted::Good(text.len()));
        let ranges = lexer.take_small(text.len());
        let counts: Vec<usize> = ranges.iter().map(|range| text[range.clone()].matches("\"\r\n").count() * 2).collect();
        assert_eq!(counts, expected);
        for (range, count) in ranges.into_iter().zip(counts) {
            let data = "\n\r\n".repeat(count / 2);
            let one = format!("{:x}\r\n{data}\r\n", data.len());
            assert_eq!(merged(&text.as_bytes()[range]), one.into_bytes());
        }
    }
    let mut lexer = Lexer::default();
    assert_eq!(lexer.advance(format!("{head}5\r\nhel").as_bytes()), Sifted::Good(head.len() + 6));
    let rest = format!("lo\r\n{}5\r\nh", small(10));
    assert_eq!(lexer.advance(rest.as_bytes()), Sifted::Good(rest.len()));
    let small = lexer.take_small(rest.len());
    assert!(small.iter().eq([&(4..rest.len() - 4)]), "what began before and what goes on stays as it is: {small:?}");
}

#[test]
fn the_request_before_a_bad_one_goes_on() {
    let good = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let bad = "GET / HTTP/1.1\nHost: a\r\n\r\n";
    assert_eq!(sift(&format!("{good}{bad}")), Sifted::BadRequest(good.len(), Violation::LineEnd));
    let bad = "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\n";
    assert_eq!(sift(&format!("{good}{bad}")), Sifted::BadRequest(good.len(), Violation::Chunk));
}

#[test]
fn a_body_that_breaks_behind_its_head_is_told_apart() {
    let mut lexer = Lexer::default();
    let head = b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(lexer.advance(head), Sifted::Good(head.len()));
    assert_eq!(lexer.advance(b"5\r\nhel"), Sifted::Good(6));
    assert_eq!(lexer.advance(b"loX"), Sifted::Good(3));
    assert_eq!(lexer.advance(b"\r\n"), Sifted::BadBody(Violation::Chunk));
}

#[test]
fn a_head_without_an_end_is_given_up() {
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "a".repeat(70 << 10));
    assert_eq!(sift(&head), Sifted::BadRequest(0, Violation::HeaderTooLarge));
}

/// The verdict on a connection whose bytes come in pieces, and what went on of it.
fn in_pieces(bytes: &[u8], pieces: &[usize]) -> (Vec<u8>, Option<Violation>) {
    let (mut lexer, mut held, mut good) = (Lexer::default(), Vec::new(), Vec::new());
    let mut at = 0;
    for piece in pieces.iter().copied().cycle() {
        if at == bytes.len() {
            break;
        }
        let end = bytes.len().min(at + piece);
        held.extend_from_slice(&bytes[at..end]);
        at = end;
        match lexer.advance(&held) {
            Sifted::Good(count) => good.extend(held.drain(..count)),
            Sifted::BadRequest(count, violation) => {
                good.extend(held.drain(..count));
                return (good, Some(violation));
            }
            Sifted::BadBody(violation) => return (good, Some(violation)),
        }
    }
    (good, None)
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_go_on_is_not_waited_for() {
    let wire = Wire::default();
    let patience = Duration::from_secs(60);
    let ends_within = async |seconds| tokio::time::timeout(Duration::from_secs(seconds), wire.silence(patience)).await;
    assert!(ends_within(1000).await.is_err(), "nobody waits for one");
    *wire.awaited() = Some(Instant::now());
    assert!(ends_within(50).await.is_err());
    *wire.awaited() = Some(Instant::now());
    assert!(ends_within(50).await.is_err(), "a piece came");
    assert!(ends_within(11).await.is_ok());
    *wire.awaited() = None;
    assert!(ends_within(1000).await.is_err(), "all came");
}

proptest! {
    #[test]
    fn how_the_bytes_come_changes_no_verdict(
        words in prop::collection::vec(prop::sample::select(vec![
            "GET / HTTP/1.1\r\n", "Host: a\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "\r\n",
            "hello", "5\r\n", "0\r\n", ";a=b", "X: y\r\n", "\n", "\r", " ", "\0",
        ]), 0..24),
        pieces in prop::collection::vec(1usize..20, 1..8),
    ) {
        let bytes = words.concat().into_bytes();
        let whole = in_pieces(&bytes, &[bytes.len().max(1)]);
        let pieced = in_pieces(&bytes, &pieces);
        prop_assert_eq!(whole.1, pieced.1);
        prop_assert!(pieced.0.starts_with(&whole.0), "more may go on in pieces, never less");
    }
}
