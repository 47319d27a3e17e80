//! Verbs about single amounts: rounding, rates, caps, fixed prices, advances, revenue.

use billing::advance::AdvanceLedger;
use billing::caps::{HoursRule, Limit, Meter, spill};
use billing::fixed::{OverBilled, progress, retain, shared};
use billing::policy::{Increment, IncrementMode};
use billing::rates::{RateLevel, RateQuery, RateRow, resolve};
use billing::rounding::{billed_minutes, cumulative, cumulative_parts, event_amount, remainder_last, split};
use billing::{fx, revenue, worktime};
use quoin_canonical::{CapMode, Currency, Decimal, Money, Rounding};

use crate::common::{day, dec, eur, euros};
use crate::common::{minutes, option};

const UP: Rounding = Rounding::HalfUp;

#[derive(Default)]
pub struct Amounts {
    increment: Option<Increment>,
    pub rows: Vec<RateRow>,
    limits: Vec<Limit>,
    meter: Option<Meter<String>>,
    ledger: AdvanceLedger,
}

type Outcome = Result<String, String>;

impl Amounts {
    pub fn step(&mut self, verb: &str, words: &[&str]) -> Option<Outcome> {
        Some(match (verb, words) {
            ("round", [value, mode]) => round(value, mode),
            ("increment", [size, mode, rest @ ..]) => self.set_increment(size, mode, rest),
            ("entries", [entries @ .., "at", rate]) => self.entries(entries, rate),
            ("hours", [hours, "at", rate, rest @ ..]) => hours_at(hours, rate, rest),
            ("split", [total, shares, "remainder", party, "line", line]) => shares_of(total, shares, party, line),
            ("series", [total, "in", count]) => Ok(joined(&cumulative_parts(euros(total), count.parse().unwrap(), UP))),
            ("series-last", [total, "in", count]) => {
                Ok(joined(&remainder_last(euros(total), count.parse().unwrap(), UP)))
            }
            ("series", [total, "by", shares]) => Ok(joined(&cumulative(euros(total), &percents(shares), UP))),
            ("convert", [amount, from, "to", to, "at", rate]) => convert(amount, from, to, rate),
            ("realised", [amount, from, "to", to, "at", booked, "then", settled]) => {
                realised(amount, from, to, booked, settled)
            }
            ("row", [level, id, rate, rest @ ..]) => self.add_row(level, id, rate, rest),
            ("rate", [date, time, rest @ ..]) => self.rate(date, time, rest),
            ("work", [start, time, zone, rest @ ..]) => work(start, time, zone, rest),
            ("limit", [level, amount, "used", used, mode, rest @ ..]) => {
                self.add_limit(level, amount, used, mode, rest)
            }
            ("offer", [line, amount]) => self.offer(line, amount),
            ("worth", [amount, "at", rate]) => Ok(format!("{} h", (dec(amount) / dec(rate)).round_dp(4))),
            ("spill", [time, rules @ ..]) => Ok(chain(time, rules)),
            ("retain", [amount, percent]) => {
                let parts = retain(euros(amount), dec(percent), UP);
                Ok(format!("{:.2} then {:.2}", parts.now.amount, parts.later.amount))
            }
            ("progress", [value, percent, "billed", billed, rest @ ..]) => Ok(progressed(value, percent, billed, rest)),
            ("shared", posted) => {
                Ok(format!("{:?}", shared(&posted.iter().map(|word| *word == "posted").collect::<Vec<_>>())))
            }
            ("advance", [what, rest @ ..]) => self.advance(what, rest),
            ("by-cost", [price, "eac", eac, "cost", cost, "billed", billed]) => Ok(by_cost(price, eac, cost, billed)),
            ("straight-line", [price, from, to]) => Ok(straight_line(price, from, to)),
            ("by-price", [price, own @ ..]) => {
                let own: Vec<Decimal> = own.iter().map(|word| dec(word)).collect();
                Ok(joined(&revenue::allocate_by_price(euros(price), &own, UP)))
            }
            _ => return None,
        })
    }

    fn set_increment(&mut self, size: &str, mode: &str, rest: &[&str]) -> Outcome {
        let mode = if mode == "up" { IncrementMode::Up } else { IncrementMode::Nearest };
        self.increment =
            Some(Increment { minutes: size.parse().unwrap(), mode, at_least_one: rest.contains(&"at-least-one") });
        Ok(String::new())
    }

    fn entries(&self, entries: &[&str], rate: &str) -> Outcome {
        let billed: Vec<u32> = entries.iter().map(|entry| billed_minutes(minutes(entry), self.increment)).collect();
        let amount: Decimal = billed.iter().map(|minutes| event_amount(Decimal::from(*minutes), dec(rate), UP)).sum();
        let list: Vec<String> = billed.iter().map(u32::to_string).collect();
        Ok(format!(
            "{} = {} min, {:.2}",
            list.join(" + "),
            billed.iter().sum::<u32>(),
            euros("0").amount + UP.round(amount, 2)
        ))
    }

    fn add_row(&mut self, level: &str, id: &str, rate: &str, rest: &[&str]) -> Outcome {
        let level: RateLevel = serde_json::from_value(level.into()).map_err(|error| error.to_string())?;
        let currency = option(rest, "currency").map_or(eur(), |code| Currency::from_code(code).unwrap());
        let text = |name: &str| option(rest, name).map(str::to_owned);
        self.rows.push(RateRow {
            scope: text("scope"),
            role: text("role"),
            person: text("person"),
            region: text("region"),
            location: text("location"),
            work_type: text("work"),
            from: option(rest, "from").map(day),
            to: option(rest, "to").map(day),
            discount_percent: option(rest, "discount").map(dec),
            min: option(rest, "min").map(dec),
            max: option(rest, "max").map(dec),
            ..RateRow::new(id, 1, level, currency, dec(rate))
        });
        Ok(String::new())
    }

    fn rate(&self, date: &str, time: &str, rest: &[&str]) -> Outcome {
        let text = |name: &str| option(rest, name).map(str::to_owned);
        let query = RateQuery {
            date: day(date),
            line: text("line"),
            task: text("task"),
            account: text("account"),
            role: text("role"),
            person: text("person"),
            region: text("region"),
            location: text("location"),
            work_type: text("work"),
            multiplier: option(rest, "x").map(dec),
            ..RateQuery::default()
        };
        let found = resolve(&self.rows, &query, eur(), &RateLevel::ALL)
            .map_err(|error| format!("refused {}: {error}", error.code()))?;
        let amount = UP.round(event_amount(Decimal::from(minutes(time)), found.hourly_rate, UP), 2);
        Ok(format!("{:.2} from {}, {amount:.2}", found.hourly_rate, found.row))
    }

    fn add_limit(&mut self, level: &str, amount: &str, used: &str, mode: &str, rest: &[&str]) -> Outcome {
        let mode: CapMode = serde_json::from_value(mode.into()).map_err(|error| error.to_string())?;
        self.limits.push(Limit {
            level: level.into(),
            payer: None,
            line: option(rest, "line").map(str::to_owned),
            limit: dec(amount),
            used: dec(used),
            mode,
        });
        self.meter = Some(Meter::new(self.limits.clone(), UP, 2));
        Ok(String::new())
    }

    fn offer(&mut self, line: &str, amount: &str) -> Outcome {
        let meter = self.meter.as_mut().ok_or("no limit is set")?;
        let verdict = meter.offer(&line.to_owned(), line, dec(amount));
        let level = verdict.bound.map(|bound| bound.level).unwrap_or_default();
        Ok(format!("billable {:.2} over {:.2} at {level}", verdict.billable, verdict.over))
    }

    fn advance(&mut self, what: &str, rest: &[&str]) -> Outcome {
        let amount = rest.first().map_or(Decimal::ZERO, |word| dec(word));
        let before = self.ledger.available();
        let said = match what {
            "agree" => {
                self.ledger.agree(amount);
                String::new()
            }
            "post" => {
                self.ledger.post(amount);
                String::new()
            }
            "apply" => {
                let applied = self.ledger.apply(amount);
                format!("applied {applied:.2}, due {:.2}, ", amount - applied)
            }
            "refund" => format!("credit {:.2}, ", self.ledger.refund()),
            "expire" => {
                self.ledger.expire(amount).map_err(|refusal| format!("refused {refusal}"))?;
                format!("revenue {amount:.2}, ")
            }
            other => return Err(format!("advance {other}?")),
        };
        assert!(self.ledger.available() >= Decimal::ZERO && before >= Decimal::ZERO);
        Ok(format!("{said}left {:.2}", self.ledger.available()))
    }
}

fn joined(amounts: &[Money]) -> String {
    let parts: Vec<String> = amounts.iter().map(|money| format!("{:.2}", money.amount)).collect();
    let total: Decimal = amounts.iter().map(|money| money.amount).sum();
    format!("{} total {total:.2}", parts.join(" "))
}

fn percents(text: &str) -> Vec<Decimal> {
    text.split('/').map(dec).collect()
}

fn round(value: &str, mode: &str) -> Outcome {
    let mode = if mode == "half_even" { Rounding::HalfEven } else { UP };
    Ok(format!("{:.2}", mode.round(dec(value), 2)))
}

fn hours_at(hours: &str, rate: &str, rest: &[&str]) -> Outcome {
    let currency = rest.first().map_or(eur(), |code| Currency::from_code(code).unwrap());
    let exact = event_amount(Decimal::from(minutes(hours)), dec(rate), UP);
    let places = currency.minor_units() as usize;
    Ok(format!("{:.places$} exact {}", UP.round(exact, currency.minor_units()), exact.normalize()))
}

fn shares_of(total: &str, shares: &str, party: &str, line: &str) -> Outcome {
    let party: usize = party.parse().unwrap();
    split(euros(total), &percents(shares), party - 1, UP, line)
        .map(|shares| shares.iter().map(|money| format!("{:.2}", money.amount)).collect::<Vec<_>>().join(" / "))
        .map_err(|refusal| format!("refused {refusal}"))
}

fn fx_rate(from: &str, to: &str, rate: &str) -> fx::FxRate {
    let code = |code: &str| Currency::from_code(code).unwrap();
    fx::FxRate { from: code(from), to: code(to), rate: dec(rate), on: day("2026-03-31"), source: "central bank".into() }
}

fn convert(amount: &str, from: &str, to: &str, rate: &str) -> Outcome {
    let money = Money::new(dec(amount), Currency::from_code(from).unwrap());
    fx::convert(money, &fx_rate(option(&[from], "x").unwrap_or("EUR"), to, rate), UP)
        .map(|money| money.to_string())
        .map_err(|refusal| format!("refused {refusal}"))
}

fn realised(amount: &str, from: &str, to: &str, booked: &str, settled: &str) -> Outcome {
    let money = Money::new(dec(amount), Currency::from_code(from).unwrap());
    let (booked, settled) = (fx_rate(from, to, booked), fx_rate(from, to, settled));
    let gain = fx::realised(money, &booked, &settled, UP).map_err(|refusal| format!("refused {refusal}"))?;
    let show = |rate: &fx::FxRate| fx::convert(money, rate, UP).map(|money| money.to_string()).unwrap();
    Ok(format!("booked {}, settled {}, gain {gain}", show(&booked), show(&settled)))
}

fn work(start: &str, time: &str, zone: &str, rest: &[&str]) -> Outcome {
    let parts = worktime::dates_of_work(start.parse().unwrap(), minutes(time), zone, rest.contains(&"split"));
    let parts = parts.map_err(|refusal| format!("refused {refusal}"))?;
    Ok(parts.iter().map(|(date, minutes)| format!("{date} {minutes} min")).collect::<Vec<_>>().join(", "))
}

fn chain(time: &str, rules: &[&str]) -> String {
    let rules: Vec<HoursRule> = rules
        .iter()
        .map(|rule| match rule.split_once('@') {
            Some((hours, rate)) => {
                HoursRule { hourly_rate: dec(rate), up_to_hours: Some(dec(hours.trim_end_matches('h'))) }
            }
            None => HoursRule { hourly_rate: dec(rule), up_to_hours: None },
        })
        .collect();
    let (parts, left) = spill(Decimal::from(minutes(time)) / dec("60"), &rules);
    let parts: Vec<String> =
        parts.iter().map(|(hours, amount)| format!("{} h = {amount:.2}", hours.normalize())).collect();
    format!("{}, left {}", parts.join(", "), left.normalize())
}

fn progressed(value: &str, percent: &str, billed: &str, rest: &[&str]) -> String {
    let policy = if rest.contains(&"credit") { OverBilled::Credit } else { OverBilled::CarryForward };
    let step = progress(euros(value), dec(percent), dec(billed), policy, UP);
    format!("bill {:.2} over {:.2}", step.bill.amount, step.over_billed.amount)
}

fn by_cost(price: &str, eac: &str, cost: &str, billed: &str) -> String {
    let percent = revenue::percent_by_cost(dec(cost), dec(eac), 6, UP).unwrap();
    let earned = revenue::at_percent(euros(price), percent, UP).amount;
    let (asset, liability) = revenue::position(earned, dec(billed));
    let loss = revenue::loss(euros(price), dec(eac), earned, dec(cost)).map_or(String::new(), |loss| {
        format!(", loss to date {:.2}, provision {:.2}", loss.to_date.amount, loss.provision.amount)
    });
    format!("{percent} %, revenue {earned:.2}, asset {asset:.2}, liability {liability:.2}{loss}")
}

fn straight_line(price: &str, from: &str, to: &str) -> String {
    let (from, to) = (day(from), day(to));
    let (mut months, mut before) = (Vec::new(), Decimal::ZERO);
    let mut end = from.last_of_month();
    loop {
        let reached = revenue::straight_line(euros(price), from, to, end, UP).amount;
        months.push(euros("0.00").amount + reached - before);
        before = reached;
        if end >= to {
            break;
        }
        end = end.tomorrow().unwrap().last_of_month();
    }
    joined(&months.into_iter().map(|amount| Money::new(amount, eur())).collect::<Vec<_>>())
}
