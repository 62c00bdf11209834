import Ingest
import Learning
import Pipelines
import Registry
import Tensors
import Vocabulary

// What a step says of its records beside what is learned from them.
extension StepLoop {
  /// Counts what lay far outside its usual range, with one example a field.
  func noteWildValues() {
    for wild in learner.wildValues {
      let field =
        switch wild.place {
        case .number(let number): numberFields[number]
        case .label(let head): featureCount + head
        }
      let code = FieldCode(field: field, .wild)
      guard shares.tally.knows(code) else { continue }
      shares.tally.set(code, to: UInt32(wild.count))
      guard toldWild.insert(code).inserted else { continue }
      let place = shares.position(ofRow: wild.row)
      newExamples.append(
        FieldExample(code: code, text: "\(wild.value) at \(topic)/\(place.partition)@\(place.offset)"))
    }
  }

  /// A step was not learned: a letter for each of this rank's records, and one incident of all.
  func noteSkipped(_ reason: String) {
    if isLeader {
      quarantine.put(
        QuarantinedRecord(
          position: RecordPosition(topic: topic, partition: -1, offset: -1), step: state.step, layer: "update",
          feature: nil, reason: .skippedStep, remark: reason))
    }
    for row in 0..<shares.batch.count where !shares.takenOut.contains(row) && shares.batch.teaches(row) {
      let place = shares.position(ofRow: row)
      quarantine.put(
        QuarantinedRecord(
          position: RecordPosition(topic: topic, partition: place.partition, offset: place.offset), step: state.step,
          layer: "update", feature: nil, reason: .skippedStep, remark: reason))
    }
  }

  /// What all ranks name becomes classes, in the order of the records; the step, of which nobody learns, is done again.
  func takeClasses(_ envelopes: [ReceivedEnvelope]) throws {
    guard let classes = shares.classes else { return }
    var sightings: [ClassSighting] = []
    for envelope in envelopes { sightings += try envelope.sightings(atMost: classes.room) }
    classes.admit(sightings)
    state.classes = classes.names
    learner.know(classes: classes.names.count)
    shares.settleStrangers()
  }

  /// Counts records whose class can be none of the model's, each with a letter, and one example of all.
  func noteRefusedClasses() {
    guard let label = shares.classes?.label else { return }
    let code = FieldCode(field: featureCount, .rejected(.badLabel))
    for refused in shares.takeRefused() {
      quarantine.put(
        QuarantinedRecord(
          position: RecordPosition(topic: topic, partition: refused.partition, offset: refused.offset),
          step: state.step, layer: "label", feature: nil, reason: .badLabel,
          remark: ClassBook.refusal(refused.name, label: label)))
      guard shares.tally.knows(code) else { continue }
      shares.tally.add(code)
      guard toldWild.insert(code).inserted else { continue }
      newExamples.append(
        FieldExample(
          code: code,
          text:
            "\(refused.name?.debugDescription ?? "another class") at \(topic)/\(refused.partition)@\(refused.offset)"))
    }
  }

  func readSkips(_ envelopes: [ReceivedEnvelope]) throws -> [StepSkip] {
    var skips: [StepSkip] = []
    for envelope in envelopes { skips += try envelope.readSkips() }
    if let stray = skips.first(where: { !state.progress.indices.contains(Int($0.partition)) }) {
      throw EnvelopeError.unknownPartition(stray.partition)
    }
    return skips.sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
  }

  /// All that was decided of a step, so that it can be made again.
  func decision(
    _ sums: StepAccount.Sums, _ update: Update, _ skips: [StepSkip], of step: Int64
  ) -> StepDecision {
    StepDecision(
      step: step, isApplied: update.isFinite && !update.isSkipped, records: Int64(sums.labelled), weight: sums.weight,
      lossSum: sums.lossSum,
      learningRate: update.rate, rateScale: learner.rateScale, gradientNorm: update.gradientNorm,
      wasClipped: update.wasClipped, skips: skips)
  }
}
