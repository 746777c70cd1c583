//! The check of a run, on bytes that get past its parser: headers and bodies are made from the input.
//!
//! The first byte says how many headers; the rest is cut into fields. Some inputs are sealed with the
//! right key, so the chain, Lamport, payload and range checks are reached too; the bytes of any part may
//! then be changed. Whatever is accepted encodes to its own bytes and keeps every rule of the chain.
#![no_main]
use lex7_core::entry::{self, Header};
use lex7_core::key::{self, Bytes32};
use lex7_core::message::Context;
use lex7_core::run::{self, Before, Place};
use lex7_core::seal::{Head, PURPOSE, Seal};
use libfuzzer_sys::fuzz_target;

const LATTICE: &[u8] = b"lattice of tests";
const SEED: Bytes32 = [7; 32];

/// Takes numbers from the input, zeros after its end.
struct Source<'a>(&'a [u8]);

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// Mostly `usual`, sometimes something near it, sometimes anything.
    fn number(&mut self, usual: u64) -> u64 {
        match self.byte() {
            0..=199 => usual,
            200..=219 => usual.wrapping_add(u64::from(self.byte())) & (u64::MAX >> 1),
            220..=239 => usual.saturating_sub(u64::from(self.byte())),
            _ => (0..8).fold(0u64, |sum, _| (sum << 8) | u64::from(self.byte())) >> 1,
        }
    }

    fn bytes32(&mut self, usual: Bytes32) -> Bytes32 {
        if self.byte() < 220 { usual } else { [self.byte(); 32] }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut source = Source(data);
    let writer = key::public_key(&SEED);
    let genesis = entry::genesis(LATTICE, &writer);
    let (headers, payloads) = make_entries(&mut source, writer, genesis);
    let (sealed, bodies) = make_run(&mut source, &headers, &payloads);
    let before = Before { incarnation: 0, lamport: 0, hash: genesis };
    let place = Place { lattice: LATTICE, writer, first: 1, before: Some(before) };
    let bodies = (source.byte() < 240).then_some(bodies.as_slice());
    let report = run::check(&sealed, bodies, &place);
    for fault in &report.faults {
        assert!(fault.check.name().starts_with("log."));
    }
    if !report.faults.is_empty() {
        return;
    }
    assert_accepted(&report, &sealed, genesis);
});

fn make_entries(
    source: &mut Source<'_>,
    writer: Bytes32,
    genesis: Bytes32,
) -> (Vec<Header>, Vec<Vec<u8>>) {
    let count = usize::from(source.byte() % 70);
    let (mut headers, mut payloads): (Vec<Header>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    let mut previous = genesis;
    for index in 0..count as u64 {
        let payload = vec![source.byte(); usize::from(source.byte()) * 4];
        let header = Header {
            writer: source.bytes32(writer),
            incarnation: source.number(0),
            sequence: source.number(1 + index),
            lamport: source.number(1 + index),
            kind: source.number(3),
            previous: source.bytes32(previous),
            commitment: source.bytes32(entry::commitment(&[0; 16], &payload)),
        };
        previous = key::sha256(&[&header.encode()]);
        headers.push(header);
        payloads.push(payload);
    }
    (headers, payloads)
}

fn make_run(source: &mut Source<'_>, headers: &[Header], payloads: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
    let last = headers.last().map_or([0; 32], |header| key::sha256(&[&header.encode()]));
    let heads = (0..source.byte() % 4)
        .map(|index| Head {
            writer: source.bytes32([index; 32]),
            incarnation: 0,
            sequence: source.number(1),
            lamport: source.number(0),
            hash: [1; 32],
        })
        .collect();
    let seal = Seal {
        incarnation: source.number(0),
        first: source.number(1),
        last: source.number(headers.len() as u64),
        hash: source.bytes32(last),
        state_hash: [0; 32],
        heads,
    };
    let context = Context { purpose: PURPOSE, lattice: LATTICE };
    let message = context.sign(&source.bytes32(SEED), &seal.encode());
    let mut sealed = run::encode_sealed(headers, &message);
    let kept: Vec<_> = payloads
        .iter()
        .map(|payload| (source.byte() < 240).then_some((&[0u8; 16][..], payload.as_slice())))
        .collect();
    let mut bodies = run::encode_bodies(&kept);
    damage(source, &mut sealed);
    damage(source, &mut bodies);
    (sealed, bodies)
}

fn damage(source: &mut Source<'_>, bytes: &mut Vec<u8>) {
    for _ in 0..source.byte() / 64 {
        let place = usize::from(source.byte()) * 256 + usize::from(source.byte());
        match source.byte() {
            0..=99 => {
                let size = bytes.len();
                bytes[place % size] ^= source.byte();
            }
            100..=149 => bytes.truncate(1 + place % bytes.len()),
            _ => bytes.push(source.byte()),
        }
    }
}

fn assert_accepted(report: &run::Report<'_>, sealed: &[u8], genesis: Bytes32) {
    let seal = report.seal.as_ref().expect("an accepted run has a seal");
    let headers: Vec<Header> = report.entries.iter().map(|entry| entry.header).collect();
    assert!((1..=run::ENTRIES_MAX).contains(&headers.len()));
    let context = Context { purpose: PURPOSE, lattice: LATTICE };
    let message = context.sign(&SEED, &seal.encode());
    assert_eq!(run::encode_sealed(&headers, &message), sealed, "an accepted run has one spelling");
    let mut previous = genesis;
    for (index, entry) in (0u64..).zip(&report.entries) {
        assert_eq!(entry.header.previous, previous);
        assert_eq!(entry.header.sequence, 1 + index);
        previous = entry.hash;
    }
    assert_eq!(previous, seal.hash);
}
