//! How much of the quota is used while plenty is due.

use super::*;

/// A provider, and what is asked of it.
struct Case {
    qps: f64,
    /// How long a call takes, milliseconds at least and at most.
    takes: (i64, i64),
    /// How long until a medium begins to come, where there are media.
    opens: Option<i64>,
}

const SETTLING: Span = Span::seconds(10);
const MEASURED: Span = Span::seconds(30);

impl Case {
    /// The part of the permits of the interface that was called most which was used once polls were
    /// under way, and the most calls of one interface that any second saw.
    fn used(&self) -> (f64, usize) {
        let _entered = Random::seeded(13).enter();
        let simulation = Simulation::with(Setup {
            seed: 13,
            takes: (Span(self.takes.0), Span(self.takes.1)),
            opens: Span(self.opens.unwrap_or_default()),
            idle: Span::seconds(1),
            qps: Some(self.qps),
            fetch: vec![
                Endpoint::Getall,
                Endpoint::Detail,
                self.opens.map_or(Endpoint::Stat, |_| Endpoint::Media),
            ],
        });
        let lives = LifeSpec {
            count: (self.qps * 50.0) as u32,
            video: Some(self.opens.map_or(Video::None, |_| Video::One)),
            // An empty URL is no face.
            face_url: self.opens.map_or_else(|| Some(String::new()), |_| None),
            ocr: Some(self.opens.is_some()),
            ..LifeSpec::of(Life::Passed, 1)
        };
        simulation.tell(APP, &[lives]);
        simulation
            .executor
            .run_for(Span(Policy::documented().first_poll.0 + SETTLING.0));
        let from = simulation.executor.elapsed();
        simulation.executor.run_for(MEASURED);
        let mut calls: BTreeMap<Endpoint, Vec<Span>> = BTreeMap::new();
        for (endpoint, at) in simulation.called.lock().unwrap().iter() {
            calls.entry(*endpoint).or_default().push(*at);
        }
        let measured = |at: &&Span| at.0 >= from.0;
        let most_called = calls.values().map(|at| at.iter().filter(measured).count());
        let in_second = |at: &Vec<Span>| {
            let from = |nth| {
                at.iter()
                    .skip(nth)
                    .take_while(move |one| one.0 < at[nth].0 + 1000)
            };
            (0..at.len()).map(|nth| from(nth).count()).max()
        };
        let permits = self.qps * MEASURED.0 as f64 / 1000.0;
        (
            most_called.max().unwrap() as f64 / permits,
            calls.values().filter_map(in_second).max().unwrap(),
        )
    }
}

#[test]
fn a_provider_that_is_slow_is_asked_as_often_as_the_quota_allows() {
    let case = |qps, takes, opens| Case { qps, takes, opens };
    for (label, case) in [
        ("answers", case(5.0, (2000, 2000), None)),
        ("media", case(5.0, (200, 400), Some(300))),
        ("many answers", case(50.0, (200, 400), None)),
        ("many media", case(50.0, (2000, 2000), Some(10))),
    ] {
        let (used, most) = case.used();
        assert!(used >= 0.97, "{label}: {used}");
        assert!(most as f64 <= case.qps, "{label}: {most} within a second");
    }
}
