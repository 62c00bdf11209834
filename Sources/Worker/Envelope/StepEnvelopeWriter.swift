package import Health
package import Ingest
package import Learning
package import Registry
import Vocabulary

/// Writes envelopes into one buffer that keeps its memory.
package struct StepEnvelopeWriter {
  var sections = SectionWriter(magic: StepEnvelope.magic, capacity: 1 << 16)

  package init() {}

  package var bytes: [UInt8] { sections.bytes }

  /// An envelope that offers no records.
  package mutating func write(_ envelope: StepEnvelope, health: [UInt8]) {
    write(envelope, rejected: [], labels: [], outputs: [], losses: [], frozenLosses: [], health: health)
  }

  /// Begins a new envelope with what is known of the records.
  ///
  /// - Parameters:
  ///   - rejected: Counts by partition of the envelope and `RejectReason.index`, [shares × reasons].
  ///   - labels: [rows], each `labelStride` from the one before: the primary head's.
  ///   - outputs: [rows × outputCount].
  ///   - losses: [rows], as `EvaluationTask.losses` gives them: each is computed once, by the rank that has the record.
  ///   - frozenLosses: [versions × rows]; `FrozenPredictions.unasked` where there is none.
  ///   - weights: [rows]; nil: each counts 1.
  ///   - tally: What happened to which field of the records.
  ///   - examples: News of such, most often none.
  package mutating func write(
    _ envelope: StepEnvelope, rejected: [Int64], labels: UnsafePointer<Float>, labelStride: Int = 1,
    outputs: UnsafePointer<Float>, losses: UnsafePointer<Double>, frozenLosses: UnsafePointer<Float>,
    weights: UnsafePointer<Float>? = nil,
    health: [UInt8], tally: FieldTally? = nil, examples: [FieldExample] = []
  ) {
    sections.begin()
    sections.add(EnvelopeSection.step) { bytes in
      bytes.append(raw: envelope.flags.rawValue)
      bytes.append(raw: UInt32(envelope.outputCount))
      bytes.append(raw: envelope.step)
      bytes.append(raw: envelope.serving)
      bytes.append(raw: envelope.savedStep)
      bytes.append(raw: envelope.lossSum.bitPattern)
      bytes.append(raw: envelope.digest)
      bytes.append(raw: envelope.rateScale.bitPattern)
    }
    sections.add(EnvelopeSection.shares) { bytes in
      for (place, share) in envelope.shares.enumerated() {
        bytes.append(raw: share)
        for reason in 0..<StepEnvelope.reasonCount {
          bytes.append(raw: rejected[place * StepEnvelope.reasonCount + reason])
        }
      }
    }
    if !envelope.headLosses.isEmpty {
      sections.add(EnvelopeSection.heads) { bytes in
        for head in envelope.headLosses {
          bytes.append(raw: head.records)
          bytes.append(raw: head.lossSum.bitPattern)
        }
      }
    }
    if !envelope.versions.isEmpty {
      sections.add(EnvelopeSection.versions) { bytes in
        for version in envelope.versions { bytes.append(raw: version) }
      }
    }
    sections.add(EnvelopeSection.rows) { bytes in
      if labelStride == 1 {
        bytes.append(floats: labels, envelope.rowCount)
      } else {
        for row in 0..<envelope.rowCount { bytes.append(raw: labels[row * labelStride].bitPattern) }
      }
      bytes.append(floats: frozenLosses, envelope.versions.count * envelope.rowCount)
      bytes.append(floats: outputs, envelope.rowCount * envelope.outputCount)
      bytes.append(contentsOf: UnsafeRawBufferPointer(start: losses, count: envelope.rowCount * 8))
    }
    if let weights {
      sections.add(EnvelopeSection.weights) { bytes in
        bytes.append(raw: envelope.weight.bitPattern)
        for head in envelope.headLosses { bytes.append(raw: head.weight.bitPattern) }
        bytes.append(floats: weights, envelope.rowCount)
      }
    }
    if !envelope.classes.isEmpty {
      sections.add(EnvelopeSection.classes) { bytes in
        for sighting in envelope.classes {
          bytes.append(raw: sighting.partition)
          bytes.append(raw: sighting.offset)
          bytes.append(raw: UInt32(sighting.name.utf8.count))
          bytes.append(contentsOf: sighting.name.utf8)
        }
      }
    }
    if !health.isEmpty { sections.add(EnvelopeSection.health) { $0.append(contentsOf: health) } }
    if tally.map({ !$0.isEmpty }) ?? false || !examples.isEmpty {
      sections.add(EnvelopeSection.notices) { $0.append(tally, examples) }
    }
  }

  /// The learner's attachment comes behind that; a rank that is alone leaves it out.
  package mutating func appendLearner(_ append: (inout [UInt8]) -> Void) {
    sections.add(EnvelopeSection.learner, append)
  }

  /// What was taken out of the step comes last, where something was.
  package mutating func append(skips: [StepSkip]) {
    guard !skips.isEmpty else { return }
    sections.add(EnvelopeSection.skips) { bytes in
      for skip in skips {
        bytes.append(raw: skip.partition)
        bytes.append(raw: UInt32(skip.reason.index))
        bytes.append(raw: skip.offset)
      }
    }
  }

  /// This rank's part of the window's sample, where it is gathered.
  package mutating func append(sample: [UInt8]) {
    guard !sample.isEmpty else { return }
    sections.add(EnvelopeSection.sample) { $0.append(contentsOf: sample) }
  }

  /// What this rank's layers took in the window, where it is gathered.
  package mutating func append(costs: [LayerCost]) {
    sections.add(EnvelopeSection.costs) { costs.encode(into: &$0) }
  }

  /// What this rank's records lost once more, where it is gathered.
  package mutating func append(relearned loss: LearnedLoss) {
    guard loss.records > 0 else { return }
    sections.add(EnvelopeSection.relearned) { bytes in
      for value in [loss.records, loss.before, loss.after] { bytes.append(raw: value) }
    }
  }

  /// What the partitions' rows gave comes before that, where sums are by partition.
  package mutating func append(partSums: [PartSum]) {
    guard !partSums.isEmpty else { return }
    sections.add(EnvelopeSection.partSums) { bytes in
      for part in partSums { bytes.append(raw: part) }
    }
  }

  /// What the rows say that is to be remembered comes behind that, where they say something.
  ///
  /// - Parameters:
  ///   - facts: By row, then by shelf.
  ///   - takenOut: Rows that are left out.
  package mutating func append(facts: [RecordFact], without takenOut: Set<Int>) {
    guard facts.contains(where: { !takenOut.contains(Int($0.row)) }) else { return }
    sections.add(EnvelopeSection.facts) { bytes in
      for fact in facts where !takenOut.contains(Int(fact.row)) {
        bytes.append(raw: fact.row)
        bytes.append(raw: fact.shelf)
        bytes.append(raw: fact.key)
        bytes.append(raw: fact.value.bitPattern)
      }
    }
  }
}

extension [UInt8] {
  fileprivate mutating func append(floats values: UnsafePointer<Float>, _ count: Int) {
    append(contentsOf: UnsafeRawBufferPointer(start: values, count: count * MemoryLayout<Float>.stride))
  }

  /// Count of codes, each with its count; count of examples, each with code, length and text.
  fileprivate mutating func append(_ tally: FieldTally?, _ examples: [FieldExample]) {
    append(raw: UInt32(tally?.codes.count ?? 0))
    if let tally {
      for code in tally.codes {
        append(raw: code.rawValue)
        append(raw: tally.count(of: code))
      }
    }
    append(raw: UInt32(examples.count))
    for example in examples {
      append(raw: example.code.rawValue)
      append(raw: UInt32(example.text.utf8.count))
      append(contentsOf: example.text.utf8)
    }
  }
}
