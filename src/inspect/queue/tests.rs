use super::*;
use crate::content::ClientNetwork;

const SHORT: Duration = Duration::from_millis(10);

fn line(client: u8) -> Line {
    Line::of(Some(ClientNetwork::of([10, 0, client, 1].into())), &"uploads".into())
}

/// A queue with one clock.
struct Serving {
    queue: Queue<u8>,
    now: Instant,
}

impl Serving {
    fn new(threads: usize, most: usize, max_wait: Duration) -> Self {
        Self { queue: Queue::new(threads, most, max_wait), now: Instant::now() }
    }

    fn push(&mut self, client: u8) -> Result<(), u8> {
        self.queue.push(&line(client), client, Duration::ZERO, self.now)
    }

    fn pop(&mut self) -> Option<u8> {
        self.queue.pop(self.now).next.map(|(_, job)| job)
    }

    /// Serves the next job for `time`, and says whose it was.
    fn serve(&mut self, time: Duration) -> Option<u8> {
        let (line, job) = self.queue.pop(self.now).next?;
        self.now += time;
        self.queue.done(&line, time, self.now);
        Some(job)
    }
}

#[test]
fn who_brings_many_waits_for_himself() {
    let mut serving = Serving::new(1, 100, Duration::from_secs(9));
    (0..10).for_each(|_| serving.push(1).unwrap());
    assert_eq!(serving.serve(SHORT), Some(1));
    serving.push(2).unwrap();
    serving.push(2).unwrap();
    let order: Vec<u8> = std::iter::from_fn(|| serving.serve(SHORT)).collect();
    let first = order[..3].iter().filter(|client| **client == 2).count();
    assert_eq!((order.len(), first), (11, 2), "{order:?}");
    assert_eq!(serving.queue.waiting(), 0);
}

#[test]
fn costly_lines_have_all_threads_only_where_nobody_else_uploads() {
    let mut serving = Serving::new(3, 100, Duration::from_secs(60));
    let all_that_run = |serving: &mut Serving| {
        (0..5).for_each(|_| serving.push(1).unwrap());
        let running: Vec<u8> = std::iter::from_fn(|| serving.pop()).take(3).collect();
        running.iter().for_each(|_| serving.queue.done(&line(1), 2 * COSTLY, serving.now));
        while serving.serve(2 * COSTLY).is_some() {}
        running.len()
    };
    assert_eq!(all_that_run(&mut serving), 1, "nothing is known of it");
    assert_eq!(all_that_run(&mut serving), 3, "nobody else was there");
    serving.push(2).unwrap();
    assert_eq!(serving.serve(SHORT), Some(2));
    assert_eq!(all_that_run(&mut serving), 2, "a thread is kept");
    serving.now += KEPT_FOR;
    assert_eq!(all_that_run(&mut serving), 3, "the other is gone");
}

#[test]
fn who_would_wait_too_long_is_turned_away_and_others_are_not() {
    let mut serving = Serving::new(1, 100, 5 * SHORT);
    serving.push(1).unwrap();
    assert_eq!(serving.serve(SHORT), Some(1));
    serving.push(1).unwrap();
    let running = serving.queue.pop(serving.now).next.unwrap().0;
    let accepted = (0..50).take_while(|_| serving.push(1).is_ok()).count();
    assert_eq!(accepted, 10, "half a job and ten more are 105 ms, which a burst may take");
    assert_eq!(serving.push(2), Ok(()), "it is served next");
    assert_eq!(serving.queue.push(&line(1), 1, 20 * SHORT, serving.now), Ok(()), "a large one may wait for longer");
    serving.queue.done(&running, SHORT, serving.now);
    assert_eq!(serving.serve(SHORT), Some(2));
}

#[test]
fn a_line_that_brings_too_many_waits_for_one_until_it_brings_less() {
    let second = Duration::from_secs(1);
    let mut serving = Serving::new(1, 1000, second);
    let fill = |serving: &mut Serving| (0..500).take_while(|_| serving.push(1).is_ok()).count();
    serving.push(1).unwrap();
    serving.serve(SHORT);
    assert!(!serving.queue.turns_away(&line(1), Duration::ZERO, serving.now), "nothing is known of it");
    let burst = fill(&mut serving);
    assert!(burst >= 200, "a burst waits for two: {burst}");
    let mut accepted = 0;
    for round in 0..99 {
        assert_eq!(serving.serve(SHORT), Some(1), "never idle");
        accepted += (0..5).filter(|_| serving.push(1).is_ok()).count();
        assert!(round < 30 || serving.queue.turns_away(&line(1), Duration::ZERO, serving.now), "it keeps coming");
        assert!(!serving.queue.turns_away(&line(2), Duration::ZERO, serving.now));
        assert!(serving.queue.waiting() <= burst + 4, "those who came first wait behind, and no more than one does");
    }
    assert!(accepted >= 65, "{accepted}");
    serving.now += second / 4 + 2 * SHORT;
    let late = serving.queue.pop(serving.now).late.len();
    assert!(late >= burst - 35 && serving.queue.waiting() <= 4, "{late} of {burst} have waited for a second");
    serving.queue.done(&line(1), SHORT, serving.now);
    for _ in 0..100 {
        while serving.serve(SHORT).is_some() {}
        serving.push(1).unwrap();
        serving.now += 3 * SHORT;
    }
    assert!(fill(&mut serving) >= 100, "it is as before");
}

#[test]
fn nobody_starves_where_others_keep_coming() {
    let mut queue: Queue<u32> = Queue::new(1, 1000, Duration::from_secs(1));
    let mut now = Instant::now();
    let mut came = std::collections::HashMap::new();
    let mut longest = Duration::ZERO;
    for job in 0..2000 {
        // Forty clients who each come again when they are served.
        if job >= 40 {
            let (line, served) = queue.pop(now).next.unwrap();
            longest = longest.max(now - came[&served]);
            now += SHORT;
            queue.done(&line, SHORT, now);
        }
        came.insert(job, now);
        queue.push(&line(1), job, Duration::ZERO, now).unwrap();
    }
    assert!(longest <= Duration::from_millis(900), "{longest:?}");
}

#[test]
fn clients_that_come_again_at_once_are_all_served_again_after_a_flood() {
    let second = Duration::from_secs(1);
    let mut serving = Serving::new(1, 1000, second);
    // So many that some are turned away all the time, then 24 who wait for their answers.
    let mut refused = Vec::new();
    for round in 0..3000 {
        let clients = if round < 200 { 300 } else { 24 };
        let before = serving.queue.waiting();
        let turned_away = (before..clients).filter(|_| serving.push(1).is_err()).count();
        refused.push(turned_away);
        serving.serve(SHORT);
    }
    assert!(refused[150] > 0 && refused[2900..].iter().all(|refused| *refused == 0), "{:?}", &refused[2900..]);
}

#[test]
fn a_burst_is_served_whole_when_nothing_follows() {
    let mut serving = Serving::new(1, 1000, Duration::from_secs(1));
    serving.push(1).unwrap();
    serving.serve(SHORT);
    let accepted = (0..500).filter(|_| serving.push(1).is_ok()).count();
    assert!((200..=205).contains(&accepted), "{accepted}");
    assert_eq!(std::iter::from_fn(|| serving.serve(SHORT)).count(), accepted);
}

#[test]
fn who_is_known_has_a_thread_where_strangers_bring_what_is_costly() {
    let mut serving = Serving::new(2, 100, Duration::from_secs(60));
    serving.push(1).unwrap();
    assert_eq!(serving.serve(SHORT), Some(1));
    for stranger in 10..30 {
        serving.push(stranger).unwrap();
        assert_eq!(serving.serve(4 * COSTLY), Some(stranger));
        serving.push(1).unwrap();
        assert_eq!(serving.serve(SHORT), Some(1));
    }
    for stranger in 30..40 {
        serving.push(stranger).unwrap();
        serving.now += SHORT;
    }
    assert_eq!((serving.pop(), serving.pop()), (Some(30), None), "strangers have one of the two threads");
    serving.push(1).unwrap();
    assert_eq!(serving.pop(), Some(1));
}

#[test]
fn who_is_known_need_not_wait_for_all_strangers_that_came_at_once() {
    let mut serving = Serving::new(2, 100, Duration::from_secs(60));
    serving.push(1).unwrap();
    assert_eq!(serving.serve(SHORT), Some(1));
    for stranger in 10..12 {
        serving.push(stranger).unwrap();
        assert_eq!(serving.serve(8 * COSTLY), Some(stranger));
    }
    (20..28).for_each(|stranger| serving.push(stranger).unwrap());
    serving.now += SHORT;
    serving.push(1).unwrap();
    assert_eq!(serving.pop(), Some(1));
}

#[test]
fn what_was_given_besides_counts() {
    let mut serving = Serving::new(1, 100, Duration::from_secs(60));
    for client in [1, 2] {
        serving.push(client).unwrap();
        serving.serve(SHORT);
    }
    serving.queue.charge(&line(1), 10 * SHORT, serving.now);
    (0..5).for_each(|_| serving.push(1).unwrap());
    (0..5).for_each(|_| serving.push(2).unwrap());
    let first: Vec<u8> = (0..5).filter_map(|_| serving.serve(SHORT)).collect();
    assert_eq!(first, [2; 5]);
}

#[test]
fn lines_are_forgotten_in_the_end() {
    let mut serving = Serving::new(2, 10, Duration::from_secs(60));
    for client in 0..=u16::MAX {
        let line =
            Line::of(Some(ClientNetwork::of([10, (client >> 8) as u8, client as u8, 1].into())), &"uploads".into());
        serving.now += SHORT;
        serving.queue.push(&line, 0, Duration::ZERO, serving.now).unwrap();
        assert_eq!(serving.serve(2 * COSTLY), Some(0));
    }
    assert!(serving.queue.lines.is_empty() && serving.queue.idle.len() <= MOST_IDLE);
}
