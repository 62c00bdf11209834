import Foundation
import Learning
import Vocabulary
import Worker

/// What came of looking at an incident's records again, as `--json` says it.
struct Reproduction: Encodable, Sendable {
  /// The state that records were sent through.
  struct State: Encodable, Sendable {
    var checkpoint: Int64
    var checkpointStep: Int64
    var savedAt: Date
    /// By --checkpoint; else it is the nearest.
    var isChosen: Bool
    /// Steps that were made again from the checkpoint on.
    var replay: StepReplay.Agreement?
    /// The step of the state: the checkpoint's, or the one that the replay came to.
    var step: Int64
    /// Why what lies between checkpoint and incident was not made again; nil: it was, or there is nothing between.
    var gap: String?
  }

  struct Stage: Encodable, Sendable {
    var layer: String
    var part: String
    var feature: String?
    /// As the record says it; `beyond`: no float holds it.
    var raw: String?
    /// As the model takes it, after clipping.
    var given: String?
    var isThinned: Bool
    var values: Int
    var nonFinite: Int
    var least: Double?
    var most: Double?
    var mean: Double?
    /// The first of the record's with a number that is none, or else with one that is too large.
    var isFirst = false
  }

  struct Record: Encodable, Sendable {
    var record: String
    var source: IncidentRecords.Source
    /// Why it is no record as the pipeline stood then; nil: it is.
    var refusal: String?
    /// Numbers go bad because of the record.
    var isReproduced = false
    var layer: String?
    var feature: String?
    /// All are numbers, and their sum over a step may be none.
    var isLarge = false
    var isModelToBlame = false
    var sentence = ""
    var stages: [Stage] = []
  }

  var incident: Int64
  var pipeline: String
  var kind: String
  /// Steps that had been made when it happened.
  var incidentStep: Int64
  var state: State
  var records: [Record]
  /// Records of the incident that could not be read, and why.
  var missing: Int
  var missingReason: String?
  /// Records of the incident that were left out, by `--limit`.
  var leftOut: Int
  /// The incident names no record: these are all of its step, of which only the sum overflowed.
  var isWholeStep: Bool
}

extension Reproduction.Stage {
  init(_ stage: WalkStage, raw: RecordReading.Raw?) {
    self.init(
      layer: stage.layer, part: stage.part.words, feature: stage.feature, raw: raw?.words, given: stage.given.words,
      isThinned: stage.isThinned, values: stage.count, nonFinite: stage.nonFinite, least: stage.least,
      most: stage.most, mean: stage.mean)
  }
}

extension WalkStage.Part {
  var words: String {
    switch self {
    case .input: "input"
    case .recordWeight: "record's weight"
    case .product: "before activation"
    case .normalized: "normalised"
    case .output: "output"
    case .passedOn: "passed on"
    case .logits: "logits"
    case .answers: "answers"
    case .loss: "loss"
    case .logitGradient: "gradient by logits"
    case .weightGradient: "gradient by weights"
    case .inputGradient: "gradient by input"
    case .rowGradient: "gradient by row"
    case .updated: "weights after update"
    }
  }
}

extension WalkStage.Given {
  var words: String? {
    switch self {
    case .nothing: nil
    case .number(let value): value.isNaN ? "absent" : "\(value)"
    case .rows(let rows): rows.isEmpty ? "no row" : "row " + rows.map(String.init).joined(separator: ", ")
    case .pairs(let count, let heaviest): count == 0 ? "no key" : "\(count) keys, heaviest \(heaviest)"
    }
  }
}

extension RecordReading.Raw {
  var words: String {
    switch self {
    case .absent: "absent"
    case .value(let value): "\(value)"
    case .beyond: "beyond a float"
    }
  }
}
