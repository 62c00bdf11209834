import Foundation
import Vocabulary

/// Faults a stream can have, each with the outcome that the pipeline promises for it.
enum Fault: String, CaseIterable {
  case nanToken, infinityToken, overflowNumber, missingField, nullField, textForNumber, numberList, spike, truncated
  case badUTF8, noLabel, badLabel, unknownField, unseenCategory, twoObjects, carriageReturn, nulByte, hugeText,
    deepNesting
  case manyDigits, emptyObject, notAnObject, badTime, duplicateKey

  /// nil: the record is learned.
  var outcome: RejectReason? {
    switch self {
    case .nanToken, .infinityToken, .truncated, .twoObjects, .nulByte: .malformed
    case .overflowNumber: .overflow
    case .missingField, .nullField, .spike, .unknownField, .unseenCategory, .carriageReturn, .duplicateKey: nil
    case .textForNumber, .numberList: .wrongType
    case .badUTF8: .invalidUTF8
    case .noLabel, .emptyObject: .labelAbsent
    case .badLabel: .badLabel
    case .hugeText, .deepNesting: .oversized
    case .manyDigits: .overflow
    case .notAnObject: .notAnObject
    case .badTime: .badTime
    }
  }

  /// The record `line`, which has every field this edits, with the fault in it.
  func inject(into line: String, at place: Int) -> [UInt8] {
    func replaced(_ pattern: String, _ value: String) -> [UInt8] {
      guard let range = line.range(of: pattern, options: .regularExpression) else {
        preconditionFailure("no \(pattern) in \(line)")
      }
      return Array(line.replacingCharacters(in: range, with: value).utf8)
    }
    let distance = #""distance":[0-9]+"#
    switch self {
    case .nanToken: return replaced(distance, #""distance":NaN"#)
    case .infinityToken: return replaced(distance, #""distance":-Infinity"#)
    case .overflowNumber: return replaced(distance, #""distance":1e999"#)
    case .missingField: return replaced(distance + ",", "")
    case .nullField: return replaced(distance, #""distance":null"#)
    case .textForNumber: return replaced(distance, #""distance":"far""#)
    case .numberList: return replaced(distance, #""distance":[1,2]"#)
    case .spike: return replaced(distance, #""distance":-1e38"#)
    case .truncated: return Array(Array(line.utf8).prefix(40 + place % 60))
    case .badUTF8:
      return Array(line.utf8).replacing("\"origin\":\"".utf8, with: Array("\"origin\":\"".utf8) + [0xC0, 0xAF])
    case .noLabel: return replaced(#""y":\{[^}]*\}"#, #""y":{}"#)
    case .badLabel: return replaced(#""late15":[01]"#, #""late15":"maybe""#)
    case .unknownField: return replaced(distance, #""distance":800,"extra":{"a":[1,"ü中😀"]}"#)
    case .unseenCategory: return replaced(#""dest":"[A-Z]+""#, #""dest":"zz_\#(place)""#)
    case .twoObjects: return Array((line + line).utf8)
    case .carriageReturn: return Array((line + "\r").utf8)
    case .nulByte:
      var bytes = Array(line.utf8)
      bytes.insert(0, at: place % bytes.count)
      return bytes
    case .hugeText: return replaced(#""dest":"[A-Z]+""#, #""dest":"\#(String(repeating: "A", count: 1_000_000))""#)
    case .deepNesting:
      let depth = 50_000
      return replaced(
        distance,
        #""distance":800,"extra":"# + String(repeating: "[", count: depth) + String(repeating: "]", count: depth))
    case .manyDigits: return replaced(distance, #""distance":"# + String(repeating: "1", count: 100_000))
    case .emptyObject: return Array(#"{"id":"e","t":1357035300,"x":{},"y":{}}"#.utf8)
    case .notAnObject: return Array("[1,2,3]".utf8)
    case .badTime: return replaced(#""t":[0-9]+"#, #""t":"yesterday""#)
    case .duplicateKey: return replaced(distance, #""distance":-1,"distance":900"#)
    }
  }
}

/// Good records with faults between them, from a seed.
struct DirtyStream {
  let lines: [[UInt8]]
  let injected: [Fault: Int]
  let good: Int

  /// - Parameters:
  ///   - records: Good lines, each with a label and a distance.
  ///   - hugeTextsMax: What is to fit into a broker with little room, should all of them meet in one partition.
  init(records: [String], every: Int, seed: UInt64, hugeTextsMax: Int = .max) {
    var random = SplitMix64(seed: seed)
    var lines: [[UInt8]] = []
    var injected: [Fault: Int] = [:]
    var good = 0
    for (place, record) in records.enumerated() {
      if place % every == every - 1 {
        // Each kind at least once, then at random.
        let turn = place / every
        var fault = Fault.allCases[turn % Fault.allCases.count]
        if turn >= Fault.allCases.count {
          repeat {
            fault = Fault.allCases[Int(random.next() % UInt64(Fault.allCases.count))]
          } while fault == .hugeText && injected[fault, default: 0] >= hugeTextsMax
        }
        lines.append(fault.inject(into: record, at: place))
        injected[fault, default: 0] += 1
      } else {
        lines.append(Array(record.utf8))
        good += 1
      }
    }
    self.lines = lines
    self.injected = injected
    self.good = good
  }

  /// Rejected records by the name of the reason.
  var expectedRejections: [String: Int] {
    injected.reduce(into: [:]) { counts, fault in
      if let reason = fault.key.outcome { counts[reason.rawValue, default: 0] += fault.value }
    }
  }

  var expectedTrained: Int { good + injected.reduce(0) { $0 + ($1.key.outcome == nil ? $1.value : 0) } }
}
