//! Scopes: where a name means somebody. That is a business portfolio; until it is known, the account; until not even that
//! is, the number itself. As more becomes known, scopes are united, and a name that two hold then is settled.

use std::collections::HashMap;

use waypost_domain::{Alias, AliasKind, AppName, CustomerId, PhoneNumberId, PortfolioId, WabaId, identity};

use super::Decider;
use super::holders::HolderRow;
use super::known::Known;
use super::plan::{Plan, Write};

/// The scope of names that our operator gave, not WhatsApp.
pub(crate) const OURS: i64 = 0;

/// What a scope is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ScopeKind {
    Number,
    Waba,
    Portfolio,
    /// All numbers and names that were there before scopes were kept.
    Unscoped,
}

impl ScopeKind {
    const ALL: [Self; 4] = [Self::Number, Self::Waba, Self::Portfolio, Self::Unscoped];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Waba => "waba",
            Self::Portfolio => "portfolio",
            Self::Unscoped => "unscoped",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What a scope is called by Meta.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ScopeName {
    pub(crate) kind: ScopeKind,
    pub(crate) value: Box<str>,
}

impl ScopeName {
    fn number(number: &PhoneNumberId) -> Self {
        Self { kind: ScopeKind::Number, value: number.as_str().into() }
    }

    pub(super) fn waba(waba: &WabaId) -> Self {
        Self { kind: ScopeKind::Waba, value: waba.as_str().into() }
    }

    pub(super) fn portfolio(portfolio: &PortfolioId) -> Self {
        Self { kind: ScopeKind::Portfolio, value: portfolio.as_str().into() }
    }
}

/// All scopes.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    rows: HashMap<ScopeName, i64>,
    kinds: HashMap<i64, ScopeKind>,
    /// What is part of another by now, directly.
    united: HashMap<i64, i64>,
    last: i64,
}

impl Scopes {
    pub(crate) fn load(&mut self, row: i64, name: ScopeName, united_into: Option<i64>) {
        self.last = self.last.max(row);
        self.kinds.insert(row, name.kind);
        self.rows.insert(name, row);
        if let Some(into) = united_into {
            self.united.insert(row, into);
        }
    }

    /// What the scope is part of by now, or itself.
    pub(super) fn now(&self, scope: i64) -> i64 {
        let mut now = scope;
        // A scope is united with another one only, once, so that this ends.
        while let Some(into) = self.united.get(&now) {
            now = *into;
        }
        now
    }

    pub(super) fn find(&self, name: &ScopeName) -> Option<i64> {
        self.rows.get(name).map(|row| self.now(*row))
    }

    fn part(&self, name: ScopeName) -> Part {
        self.find(&name).map_or(Part::New(name), Part::There)
    }

    /// Which of two would become part of the other; `None` where they are one, or are two for good: what belongs to one
    /// portfolio does not belong to another.
    pub(super) fn union(&self, one: i64, other: i64) -> Option<(i64, i64)> {
        let (one, other) = (self.now(one), self.now(other));
        let is_portfolio = |scope| self.kinds.get(&scope) == Some(&ScopeKind::Portfolio);
        match (is_portfolio(one), is_portfolio(other)) {
            _ if one == other => None,
            (true, true) => None,
            (true, false) => Some((other, one)),
            (false, _) => Some((one, other)),
        }
    }

    /// The scope and all that are part of it.
    pub(super) fn parts(&self, scope: i64) -> Vec<i64> {
        let mut parts: Vec<i64> =
            self.kinds.keys().copied().filter(|part| self.now(*part) == scope).collect();
        parts.sort_unstable();
        parts
    }
}

/// A scope that becomes one with others: one that is there, or one that comes to be with the item.
#[derive(Clone, PartialEq, Eq)]
enum Part {
    There(i64),
    New(ScopeName),
}

/// Which scopes become one by an item, as far as that can be told before it is decided on: what it says of several
/// accounts and numbers may make one of two that it never names together.
#[derive(Default)]
pub(super) struct Unions(Vec<Vec<Part>>);

impl Unions {
    /// What becomes known of a number's scope with an item that names its account.
    pub(super) fn of_number(
        &mut self,
        known: &Known,
        (number, waba): (&PhoneNumberId, Option<&WabaId>),
        portfolio: Option<&ScopeName>,
    ) {
        let Some(scopes) = &known.scopes else { return };
        let known = known.numbers.get(number).copied().flatten();
        let news = if known.is_some_and(|known| known.has_waba) { None } else { waba };
        let there = known.map(|known| scopes.now(known.scope));
        // Of most items there is nothing to be learnt.
        if there.is_some() && news.is_none() && portfolio.is_none_or(|owner| scopes.find(owner) == there) {
            return;
        }
        let named = || waba.map_or_else(|| ScopeName::number(number), ScopeName::waba);
        let of_number = there.map_or_else(|| scopes.part(named()), Part::There);
        for other in news.map(ScopeName::waba).into_iter().chain(portfolio.cloned()) {
            self.join(scopes, of_number.clone(), scopes.part(other));
        }
    }

    /// Whose an account is.
    pub(super) fn of_owner(&mut self, scopes: &Scopes, (waba, portfolio): (ScopeName, ScopeName)) {
        self.join(scopes, scopes.part(waba), scopes.part(portfolio));
    }

    fn join(&mut self, scopes: &Scopes, one: Part, other: Part) {
        let stay_two = match (&one, &other) {
            (Part::There(one), Part::There(other)) => scopes.union(*one, *other).is_none(),
            _ => one == other,
        };
        if stay_two {
            return;
        }
        let meets = |set: &Vec<Part>| set.contains(&one) || set.contains(&other);
        let (met, mut rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.0).into_iter().partition(meets);
        let mut all = met.concat();
        for part in [one, other] {
            if !all.contains(&part) {
                all.push(part);
            }
        }
        rest.push(all);
        self.0 = rest;
    }

    /// Of each that comes of several, all that is part of it by then, by rising number.
    pub(super) fn parts(&self, scopes: &Scopes) -> Vec<Vec<i64>> {
        let there = |part: &Part| match part {
            Part::There(scope) => Some(*scope),
            Part::New(_) => None,
        };
        let of_union = |set: &Vec<Part>| {
            let met: Vec<i64> = set.iter().filter_map(there).collect();
            if met.len() < 2 {
                return None;
            }
            let mut parts: Vec<i64> = met.into_iter().flat_map(|scope| scopes.parts(scope)).collect();
            parts.sort_unstable();
            Some(parts)
        };
        self.0.iter().filter_map(of_union).collect()
    }
}

impl Decider {
    /// The row of one of our numbers, created at its first sight with the app that signed for it.
    pub(super) fn number<'a>(
        &mut self,
        plan: &mut Plan<'a>,
        app: &'a AppName,
        number: &'a PhoneNumberId,
        waba: Option<&'a WabaId>,
    ) -> i64 {
        let portfolio = self.portfolios.get(app).cloned();
        let known = self.known.number(number).map(|known| {
            let news = if known.has_waba { None } else { waba };
            known.has_waba |= news.is_some();
            (*known, news)
        });
        let (row, scope) = match known {
            Some((known, None)) => (known.row, known.scope),
            Some((known, Some(waba))) => {
                plan.write(Write::NumberWaba { row: known.row, waba });
                let of_waba = self.scope(plan, ScopeName::waba(waba));
                self.unite(plan, known.scope, of_waba);
                (known.row, known.scope)
            }
            None => {
                let name = waba.map_or_else(|| ScopeName::number(number), ScopeName::waba);
                let scope = self.scope(plan, name);
                let row = self.known.add_number(number.clone(), waba.is_some(), scope);
                plan.write(Write::Number { row, number, app, waba, scope });
                (row, scope)
            }
        };
        if let Some(portfolio) = portfolio
            && self.known.scopes().find(&portfolio) != Some(self.known.scopes().now(scope))
        {
            let of_portfolio = self.scope(plan, portfolio);
            self.unite(plan, scope, of_portfolio);
        }
        row
    }

    /// The scope of this name, created where it is new.
    pub(super) fn scope(&mut self, plan: &mut Plan<'_>, name: ScopeName) -> i64 {
        let scopes = self.known.scopes();
        if let Some(scope) = scopes.find(&name) {
            return scope;
        }
        let row = scopes.last + 1;
        scopes.load(row, name.clone(), None);
        plan.write(Write::Scope { row, name });
        row
    }

    /// Makes one scope of two, and settles what two hold in it then.
    pub(super) fn unite(&mut self, plan: &mut Plan<'_>, one: i64, other: i64) {
        let Some((row, into)) = self.known.scopes().union(one, other) else { return };
        self.known.scopes().united.insert(row, into);
        plan.write(Write::ScopeUnited { row, into });
        let parts = self.known.scopes().parts(into);
        let mut names = self.known.held_by_several(&parts);
        // BSUIDs first: of two who are one by them, the phone is one person's, too.
        names.sort_unstable();
        for name in names {
            self.settle_name(plan, &name, into);
        }
    }

    /// Makes a name one customer's that two hold in a scope which was two.
    pub(super) fn settle_name(&mut self, plan: &mut Plan<'_>, name: &Alias, scope: i64) {
        if self.known.holders(name).len() < 2 {
            return;
        }
        let rows = self.known.holders_in(name, scope);
        let Some(newest) = rows.iter().max_by_key(|row| (row.since, row.customer)).copied() else { return };
        let kept = match name.kind {
            // It may have gone from one to the other.
            AliasKind::Phone => {
                for row in &rows {
                    self.note_duplicate(plan, newest.customer, row.customer);
                }
                newest
            }
            // It was never anybody else's.
            _ => {
                let holders: Vec<CustomerId> = rows.iter().map(|row| row.customer).collect();
                let person = self.make_one(plan, &holders);
                rows.iter().find(|row| Some(row.customer) == person).copied().unwrap_or(newest)
            }
        };
        for HolderRow { scope, customer, .. } in rows.into_iter().filter(|row| *row != kept) {
            self.known.let_go(name, scope);
            plan.write(Write::AliasGone { alias: name.clone(), scope });
            self.show_own_numbers(plan, customer);
        }
    }

    /// Merges those of whom it is known that they are one person; who goes on.
    pub(super) fn make_one(&mut self, plan: &mut Plan<'_>, customers: &[CustomerId]) -> Option<CustomerId> {
        let linked = identity::link(customers.iter().map(|customer| self.known.merges.now(*customer)));
        let identity::Person::Known(person) = linked.person else { return None };
        for merged in linked.merged {
            if self.merge(plan, (merged, person)).is_err() {
                self.note_duplicate(plan, person, merged);
            }
        }
        Some(person)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(kind: ScopeKind, value: &str) -> ScopeName {
        ScopeName { kind, value: value.into() }
    }

    #[test]
    fn what_belongs_to_a_portfolio_belongs_to_no_other() {
        let mut scopes = Scopes::default();
        scopes.load(1, name(ScopeKind::Number, "n"), Some(2));
        scopes.load(2, name(ScopeKind::Waba, "w"), Some(3));
        scopes.load(3, name(ScopeKind::Portfolio, "p"), None);
        scopes.load(4, name(ScopeKind::Portfolio, "q"), None);
        scopes.load(5, name(ScopeKind::Waba, "v"), None);
        assert_eq!(scopes.now(1), 3);
        assert_eq!(scopes.parts(3), [1, 2, 3]);
        for (one, other, union) in
            [(1, 2, None), (1, 4, None), (1, 5, Some((5, 3))), (5, 1, Some((5, 3))), (5, 4, Some((5, 4)))]
        {
            assert_eq!(scopes.union(one, other), union, "{one} {other}");
        }
    }
}
