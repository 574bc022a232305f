// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "bench/results.hpp"
#include "bench/subject.hpp"

/// The groups of figures, a file each. Each throws where something cannot be measured.
namespace holdfast::bench {

/// One call at a time: typed, dynamic, asynchronous, and a list of 64 KiB.
void measure_calls(subject& with, results& into);
/// Many callers of one instance, beside the usual cure.
void measure_actors(subject& with, results& into);
/// The same of an export that is declared brief.
void measure_brief_actors(subject& with, results& into);
/// Both of an export that is declared brief: one call at a time, and many callers.
void measure_brief(subject& with, results& into);
/// Calls that share an instance, beside the same calls made directly.
void measure_sharing(subject& with, results& into);
/// Calls with keys and a journal, beside what the disk takes, and how long a journal is read.
void measure_durable(subject& with, results& into);
/// Calls of actors, of which few have an instance.
void measure_residents(subject& with, results& into);
/// New instances.
void measure_instances(subject& with, results& into);
/// Revoking and detaching while a guest spins.
void measure_leaving(subject& with, results& into);
/// Deadlines and kills.
void measure_stopping(subject& with, results& into);
/// Many resident cells.
void measure_cells(subject& with, results& into);
/// Resident memory a cell of pools of one size, of as many such pools as make it measurable. In a fresh
/// process.
double cell_bytes(const subject& with, std::uint32_t count);
/// Many pending deadlines.
void measure_deadlines(subject& with, results& into);
/// Latencies at a fixed rate, beside the usual cure.
void measure_latency(subject& with, results& into);
/// More load than there is capacity.
void measure_overload(subject& with, results& into);

}  // namespace holdfast::bench
