import Collectives
import Vocabulary

/// What rank 0 said to rank 1 in a few exchanges that went well, part by part, and how to say it to a rank 1 again.
struct RecordedFrames {
  typealias Part = [UInt8]

  let kind: FrameHeader.Kind
  let key: [UInt8]
  /// By exchange: header and body; or a header, segments, and then header and body; each with its code.
  private(set) var exchanges: [[Part]] = []

  init(_ kind: FrameHeader.Kind, key: [UInt8], exchanges count: Int) throws {
    self.kind = kind
    self.key = key
    let ranks = (0..<WireRank.world).map { WireRank($0, key: key) }
    for exchange in 0..<count {
      for rank in ranks { rank.begin(kind, exchange) }
      var heard: [Part] = []
      while !ranks.allSatisfy(\.isDone) {
        for (place, rank) in ranks.enumerated() {
          let parts = try ranks[(place + 1) % ranks.count].hear(rank.say())
          if place == 0 { heard += parts }
        }
      }
      exchanges.append(heard)
    }
  }

  enum Outcome: Equatable {
    /// How many exchanges were taken for whole.
    case heard(Int)
    /// The part at which it was noticed, counted from the first.
    case noticed(part: Int, CollectiveError.Code)
  }

  /// What rank 1 makes of `parts`, of which it hears as many bytes as an exchange takes.
  func outcome(of parts: [Part]) -> Outcome {
    let rank = WireRank(1, key: key)
    var (done, place) = (0, 0)
    rank.begin(kind, 0)
    do {
      for part in parts {
        _ = try rank.hear(part)
        place += 1
        while rank.isDone, done < exchanges.count {
          done += 1
          rank.begin(kind, done)
          _ = try rank.hear([])
        }
      }
    } catch let error as CollectiveError {
      return .noticed(part: place, error.code)
    } catch {
      preconditionFailure("\(error)")
    }
    return .heard(done)
  }

  /// The fields of a part: their names and bytes.
  func fields(_ part: Int) -> [(name: String, bytes: Range<Int>)] {
    func inBody(_ name: String, _ count: Int) -> [(name: String, bytes: Range<Int>)] {
      [(name, 0..<count), ("\(name)' code", count..<count + 16)]
    }
    let header = [
      ("magic", 0..<4), ("kind", 4..<8), ("generation", 8..<16), ("sequence", 16..<24), ("dense values", 24..<32),
      ("attachment bytes", 32..<40), ("sender", 40..<44), ("zero", 44..<48), ("header's code", 48..<64),
    ]
    let last = exchanges[0].count - 1
    switch part {
    case 0, last - 1: return header
    case last where kind == .direct:
      let attachment = WireRank.attachmentBytes
      return [("attachment", 0..<attachment)]
        + inBody("values", WireRank.values * 4).map {
          ($0.name, $0.bytes.lowerBound + attachment..<$0.bytes.upperBound + attachment)
        }
    case last: return inBody("attachment", WireRank.attachmentBytes)
    default: return inBody("segment \(part - 1)", exchanges[0][part].count - 16)
    }
  }
}
