import Ingest
import Learning
import Pipelines
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
}
