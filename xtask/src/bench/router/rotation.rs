//! Taking turns: a burst of each proxy, round after round, of which the quietest third is kept.
//!
//! A ratio is that of two bursts of one round. Not here: a burst ([`super::items`]).

use anyhow::Result;

use super::items::{Burst, Item};
use super::place::Place;
use super::proxy::{Kind, Proxy};
use super::table::{Row, Table};

/// Medians of the rounds that were kept.
#[derive(Debug, PartialEq)]
struct Figures {
    cost: f64,
    ratio: f64,
    latency: Option<[f64; 2]>,
    /// Of the 99 %, to the reference's.
    latency_ratio: Option<f64>,
    /// Share of the cores that went to others, in the worst of them.
    foreign: f64,
}

/// Measures one row, and writes it; a second one with latencies where they were told.
pub(super) fn compare(
    place: &Place,
    item: &Item,
    proxies: &[Proxy],
    upstream: u32,
    rounds: usize,
    table: &mut Table,
) -> Result<()> {
    let proxies: Vec<&Proxy> = proxies.iter().filter(|proxy| item.is_for(proxy)).collect();
    let mut bursts: Vec<Vec<Option<Burst>>> = vec![Vec::new(); proxies.len()];
    for _ in 0..rounds {
        for (proxy, bursts) in proxies.iter().zip(&mut bursts) {
            let name = proxy.kind.name();
            let burst = item.burst(place, proxy, upstream);
            match &burst {
                Ok(Burst { cost, rate, foreign, .. }) => eprintln!(
                    "{}: {name} {cost:.1} {}, {rate:.1}/s, others {:.1} %",
                    item.key,
                    item.unit(),
                    foreign * 100.0
                ),
                Err(error) => {
                    eprintln!("{}: {name}: {error:#}", item.key);
                    let note = format!("{name}, {}: {error:#}", item.what);
                    table.note(note.lines().next().unwrap_or_default());
                }
            }
            bursts.push(burst.ok());
        }
    }
    let reference = proxies.iter().position(|proxy| proxy.kind == item.reference);
    let Some(reference) = reference.map(|index| bursts[index].clone()) else { return Ok(()) };
    let figures = |bursts: &Vec<Option<Burst>>| judge(bursts, &reference);
    let all: Vec<(Kind, Option<Figures>)> =
        proxies.iter().map(|proxy| proxy.kind).zip(bursts.iter().map(figures)).collect();
    table.add(row(item, &all));
    if item.key == LATENCY_OF {
        table.add(latency_row(&all));
    }
    Ok(())
}

/// Row whose latencies are told.
const LATENCY_OF: &str = "h1";
/// What wharf's 99 % are to the reference's, at most.
const LATENCY_AT_MOST: f64 = 1.2;

fn row(item: &Item, all: &[(Kind, Option<Figures>)]) -> Row {
    let cell = |figures: &Figures| {
        let cost = if figures.cost < 100.0 {
            format!("{:.1}", figures.cost)
        } else {
            format!("{:.0}", figures.cost)
        };
        format!("{cost} {} ({:.2})", item.unit(), figures.ratio)
    };
    let mut row = Row::new(item.what, cells(all, cell));
    row.foreign = all.iter().flat_map(|(_, figures)| figures).map(|figures| figures.foreign).reduce(f64::max);
    if let Some(at_most) = item.at_most {
        row.to_reach = format!("≤ {at_most:.2} × {}", item.reference.name());
        row.is_reached = own(all).map(|figures| figures.ratio <= at_most);
    }
    row
}

fn latency_row(all: &[(Kind, Option<Figures>)]) -> Row {
    let cell = |figures: &Figures| match figures.latency.zip(figures.latency_ratio) {
        Some(([half, most], ratio)) => format!("{half:.2} / {most:.2} ms ({ratio:.2})"),
        None => String::new(),
    };
    let mut row = Row::new("the same: 50 % / 99 % answered within", cells(all, cell));
    row.to_reach = format!("99 %: ≤ {LATENCY_AT_MOST:.2} × nginx");
    row.is_reached = own(all).and_then(|figures| Some(figures.latency_ratio? <= LATENCY_AT_MOST));
    row
}

fn own(all: &[(Kind, Option<Figures>)]) -> Option<&Figures> {
    all.iter().find(|(kind, _)| *kind == Kind::Wharf)?.1.as_ref()
}

fn cells(all: &[(Kind, Option<Figures>)], cell: impl Fn(&Figures) -> String) -> Vec<(Kind, String)> {
    let failed = || "failed".to_owned();
    all.iter().map(|(kind, figures)| (*kind, figures.as_ref().map_or_else(failed, &cell))).collect()
}

/// Keeps the quietest third of the rounds that both finished, and returns its medians.
fn judge(bursts: &[Option<Burst>], reference: &[Option<Burst>]) -> Option<Figures> {
    let mut rounds: Vec<(Burst, Burst)> =
        bursts.iter().zip(reference).filter_map(|(burst, reference)| (*burst).zip(*reference)).collect();
    let foreign = |(burst, reference): &(Burst, Burst)| burst.foreign.max(reference.foreign);
    rounds.sort_by(|one, other| foreign(one).total_cmp(&foreign(other)));
    rounds.truncate(rounds.len().div_ceil(3));
    let of =
        |value: &dyn Fn(&(Burst, Burst)) -> Option<f64>| median(rounds.iter().filter_map(value).collect());
    let latency = |index: usize| of(&|(burst, _)| Some(burst.latency?[index]));
    Some(Figures {
        cost: of(&|(burst, _)| Some(burst.cost))?,
        ratio: of(&|(burst, reference)| Some(burst.cost / reference.cost))?,
        latency: latency(0).zip(latency(1)).map(|(half, most)| [half, most]),
        latency_ratio: of(&|(burst, reference)| Some(burst.latency?[1] / reference.latency?[1])),
        foreign: rounds.iter().map(foreign).reduce(f64::max)?,
    })
}

/// Returns the median; the mean of the two in the middle where there are two.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burst(cost: f64, foreign: f64) -> Option<Burst> {
        Some(Burst { cost, latency: Some([cost / 2.0, cost]), rate: 1.0, foreign })
    }

    #[test]
    fn the_quietest_third_is_kept() {
        let own = [burst(90.0, 0.5), burst(8.0, 0.01), None, burst(12.0, 0.02), burst(70.0, 0.0)];
        let reference =
            [burst(10.0, 0.0), burst(10.0, 0.0), burst(10.0, 0.0), burst(10.0, 0.02), burst(10.0, 0.3)];
        let figures = judge(&own, &reference).unwrap();
        assert_eq!((figures.cost, figures.ratio, figures.foreign), (10.0, 1.0, 0.02));
        assert_eq!((figures.latency, figures.latency_ratio), (Some([5.0, 10.0]), Some(1.0)));
        assert_eq!(judge(&[None], &reference), None);
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
