import Collectives
import Vocabulary

/// What rank 1 said to rank 2 in a few exchanges that went well, part by part, and how to say it to a rank 2 again.
struct RecordedFrames {
  typealias Part = [UInt8]

  let kind: FrameHeader.Kind
  let key: [UInt8]
  /// By exchange: the header, the body and the segments, each with its code.
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
          if place == 1 { heard += parts }
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

  /// What rank 2 makes of `parts`, of which it hears as many bytes as an exchange takes.
  func outcome(of parts: [Part]) -> Outcome {
    let rank = WireRank(2, key: key)
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
    switch part {
    case 0:
      return [
        ("magic", 0..<4), ("kind", 4..<8), ("generation", 8..<16), ("sequence", 16..<24), ("dense values", 24..<32),
        ("attachment bytes", 32..<40), ("sender", 40..<44), ("zero", 44..<48), ("header's code", 48..<64),
      ]
    case 1 where kind == .direct:
      let attachment = WireRank.attachmentBytes
      return [("attachment", 0..<attachment)]
        + inBody("values", WireRank.values * 4).map {
          ($0.name, $0.bytes.lowerBound + attachment..<$0.bytes.upperBound + attachment)
        }
    case 1: return inBody("attachment", WireRank.attachmentBytes)
    default: return inBody("segment \(part - 2)", exchanges[0][part].count - 16)
    }
  }
}
