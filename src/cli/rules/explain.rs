//! `penstock rules explain`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{excerpt, load};
use crate::cli::OK;
use crate::config::{Problem, suggestion};
use crate::snapshot::unix_now;
use crate::text::{Explained, Explanation, PartNames, Rule, RuleSet, Setting, explain};

#[derive(Debug, Args)]
pub(in crate::cli) struct ExplainArgs {
    /// A file with the text.
    #[arg(value_name = "FILE", required_unless_present = "text")]
    file: Option<PathBuf>,
    /// The text itself, in place of a file.
    #[arg(long, conflicts_with = "file")]
    text: Option<String>,
    /// A rule file, or a folder of them. Default: those that the configuration names.
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// The configuration file, read where no --rules are given.
    #[arg(short, long, value_name = "FILE", default_value = "config/penstock.toml")]
    config: PathBuf,
    /// Only this rule.
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// The field that the text would be sent in, for rules with a scope.
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// The file name that it would have, for rules with a scope.
    #[arg(long, value_name = "NAME")]
    file_name: Option<String>,
    /// The route that it would take, for rules with a scope.
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn explain_text(args: &ExplainArgs) -> Result<u8, Vec<Problem>> {
    let text = match (&args.text, &args.file) {
        (Some(text), _) => text.clone().into_bytes(),
        (None, Some(file)) => fs::read(file).map_err(|error| vec![Problem::unreadable(file, &error)])?,
        (None, None) => Vec::new(),
    };
    let set = wanted(args, load(&args.rules, &args.config)?.set)?;
    let part = PartNames { field: args.field.as_deref(), file_name: args.file_name.as_deref(), ..PartNames::default() };
    let setting = Setting { now: Some(unix_now()), route: args.route.as_deref(), lineage: vec![part] };
    let too_many = |error: crate::text::TooManyKeywords| vec![Problem::of_file(&args.config, error.to_string())];
    let explanation = explain(&set, &text, &setting).map_err(too_many)?;
    if args.json {
        println!("{}", object(&set, &explanation));
    } else {
        print(&set, &text, &explanation);
    }
    Ok(OK)
}

/// The rule that is asked for, or all.
fn wanted(args: &ExplainArgs, set: RuleSet) -> Result<RuleSet, Vec<Problem>> {
    let Some(id) = &args.rule else {
        return Ok(set);
    };
    let Some(rule) = set.rules().iter().find(|rule| rule.id == *id) else {
        let hint = suggestion(id, set.rules().iter().map(|rule| rule.id.as_str()));
        return Err(vec![Problem::of_file(&PathBuf::from("--rule"), format!("no rule has the id \"{id}\"{hint}"))]);
    };
    RuleSet::compile(vec![rule.clone()]).map_err(|error| vec![Problem::of_file(&args.config, error.to_string())])
}

/// What came of a rule, and why.
fn outcome(rule: &Rule, explained: &Explained) -> String {
    if explained.spans.is_some() {
        let asked = format!("{} ({})", rule.action.name(), rule.mode.name());
        return if explained.applies {
            format!("match, {asked}")
        } else {
            "no match: the rule has expired, or its scope leaves this text out".to_owned()
        };
    }
    let reason = if let Some(term) = explained.terms.iter().find(|term| term.forbids) {
        format!("{:?} is an exception", term.written)
    } else if explained.needs.iter().any(|need| need.found < need.enough) {
        "too little was found".to_owned()
    } else if explained.is_near == Some(false) {
        "what was found does not stand close enough together".to_owned()
    } else if explained.is_quoted {
        "what was found stands in quotations".to_owned()
    } else {
        "it is spread over different readings of the bytes".to_owned()
    };
    format!("no match: {reason}")
}

fn print(set: &RuleSet, text: &[u8], explanation: &Explanation) {
    for reading in &explanation.readings {
        println!("read as    {}: {}", reading.charset, excerpt(&reading.decoded));
        println!("normalised {}", excerpt(&reading.normalised));
    }
    for explained in &explanation.rules {
        let rule = &set.rules()[explained.rule];
        println!("rule {}", rule.id);
        for term in &explained.terms {
            for span in &term.spans {
                let original = String::from_utf8_lossy(&text[span.clone()]);
                let (from, to, original) = (span.start, span.end, excerpt(&original));
                let against = if term.forbids { ", an exception" } else { "" };
                println!("  found    {:?} at bytes {from}–{to}: {original}{against}", term.written);
            }
        }
        for need in &explained.needs {
            let met = if need.found >= need.enough { "yes" } else { "no" };
            println!("  needs    {}: {met}, {} of {}", need.asked, need.found, need.enough);
        }
        if let (Some(words), Some(is_near)) = (rule.condition.near, explained.is_near) {
            println!("  within   {words} words: {}", if is_near { "yes" } else { "no" });
        }
        println!("  outcome  {}", outcome(rule, explained));
    }
    if explanation.rules.is_empty() {
        println!("no rule has a term in this text");
    }
}

fn object(set: &RuleSet, explanation: &Explanation) -> Value {
    let readings = explanation.readings.iter().map(
        |reading| json!({ "charset": reading.charset, "decoded": reading.decoded, "normalised": reading.normalised }),
    );
    let rules = explanation.rules.iter().map(|explained| rule_object(&set.rules()[explained.rule], explained));
    json!({ "readings": readings.collect::<Vec<_>>(), "rules": rules.collect::<Vec<_>>() })
}

fn rule_object(rule: &Rule, explained: &Explained) -> Value {
    let spans =
        |spans: &[std::ops::Range<usize>]| -> Vec<_> { spans.iter().map(|span| (span.start, span.end)).collect() };
    let terms = explained
        .terms
        .iter()
        .map(|term| json!({ "term": term.written, "spans": spans(&term.spans), "exception": term.forbids }));
    let needs = explained.needs.iter().map(|need| {
        json!({ "asked": need.asked, "found": need.found, "enough": need.enough, "met": need.found >= need.enough })
    });
    let has_matched = explained.applies && explained.spans.is_some();
    json!({
        "rule": rule.id,
        "terms": terms.collect::<Vec<_>>(),
        "needs": needs.collect::<Vec<_>>(),
        "near": explained.is_near,
        "match": has_matched,
        "spans": explained.spans.as_deref().filter(|_| has_matched).map(spans),
        "outcome": outcome(rule, explained),
        "action": rule.action,
        "mode": rule.mode,
    })
}
