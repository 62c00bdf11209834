import Collectives
import Testing
import Vocabulary

/// Frames between a sender and a receiver without sockets: whatever is done to their bytes is noticed at the part it is done
/// to, before anything of that part is used.
@Suite("Flipped bits")
struct FlippedBitTests {
  static let seed: UInt64 = 31_415
  static let kinds: [FrameHeader.Kind] = [.direct, .parts, .broadcast, .roundedWhole, .roundedParts]
  static let key = (0..<16).map { UInt8($0 * 7) }

  static func recorded(_ kind: FrameHeader.Kind) throws -> RecordedFrames {
    let frames = try RecordedFrames(kind, key: key, exchanges: 2)
    #expect(frames.outcome(of: Array(frames.exchanges.joined())) == .heard(2))
    // In parts a segment of values and one of a sum; whole, one of values.
    #expect(frames.exchanges[0].count == (kind.isCut ? kind == .roundedWhole ? 4 : 5 : 2))
    return frames
  }

  @Test("of a hundred thousand changed bytes, in every field of every kind of frame, none is accepted")
  func changedBytes() throws {
    print("seed \(Self.seed)")
    var random = SplitMix64(seed: Self.seed)
    func draw(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }
    // Every field of every frame, in turn: each gets as many changes.
    var fields: [(frames: RecordedFrames, exchange: Int, part: Int, name: String, bytes: Range<Int>)] = []
    for kind in Self.kinds {
      let frames = try Self.recorded(kind)
      for exchange in frames.exchanges.indices {
        for part in frames.exchanges[exchange].indices {
          for (name, bytes) in frames.fields(part) { fields.append((frames, exchange, part, name, bytes)) }
        }
      }
    }
    var accepted: [String] = []
    for round in 0..<100_000 {
      let (frames, exchange, part, name, bytes) = fields[round % fields.count]
      let place = bytes.lowerBound + draw(bytes.count)
      let change = round / fields.count % 2 == 0 ? 1 << UInt8(draw(8)) : UInt8(1 + draw(255))
      var parts = Array(frames.exchanges[...exchange].joined())
      let flipped = frames.exchanges[0].count * exchange + part
      parts[flipped][place] ^= change
      if frames.outcome(of: parts) != .noticed(part: flipped, .tampered) {
        accepted.append("\(frames.kind), exchange \(exchange), \(name), byte \(place) ^ \(change)")
      }
    }
    #expect(accepted.isEmpty, "\(accepted.count): \(accepted.prefix(5))")
    #expect(fields.count > 70)
  }

  @Test(
    "frames that are left out, repeated, exchanged or said back to their sender are noticed at the first of them",
    arguments: kinds)
  func orders(kind: FrameHeader.Kind) throws {
    let frames = try Self.recorded(kind)
    let other = try RecordedFrames(kind, key: Self.key.reversed(), exchanges: 2)
    let (first, second) = (frames.exchanges[0], frames.exchanges[1])
    #expect(frames.outcome(of: second + first) == .noticed(part: 0, .tampered))
    #expect(frames.outcome(of: second) == .noticed(part: 0, .tampered))
    #expect(frames.outcome(of: first + first) == .noticed(part: first.count, .tampered))
    // The link's other way has another key, as have other links.
    #expect(frames.outcome(of: other.exchanges[0]) == .noticed(part: 0, .tampered))
  }

  @Test(
    "parts that are left out, repeated, exchanged or of another exchange are noticed at the first of them",
    arguments: kinds)
  func partOrders(kind: FrameHeader.Kind) throws {
    let frames = try Self.recorded(kind)
    let (first, second) = (frames.exchanges[0], frames.exchanges[1])
    func expect(_ parts: [RecordedFrames.Part], noticedAt part: Int, _ what: Comment) {
      // Parts of other sizes shift what comes behind them; it is noticed when enough of it is there, or waited for.
      switch frames.outcome(of: parts) {
      case .noticed(let place, .tampered): #expect(place >= part, what)
      case .heard(let exchanges): #expect(exchanges == 0, what)
      case let outcome: Issue.record("\(outcome), \(what)")
      }
    }
    for part in first.indices {
      var changed = first
      changed[part] = second[part]
      #expect(frames.outcome(of: changed) == .noticed(part: part, .tampered), "part \(part) of the next exchange")
      changed = first
      changed.remove(at: part)
      expect(changed, noticedAt: part, "without part \(part)")
      changed.insert(contentsOf: [first[part], first[part]], at: part)
      expect(changed + second, noticedAt: part + 1, "part \(part) twice")
      for other in first.indices where other > part {
        changed = first
        changed.swapAt(part, other)
        expect(changed, noticedAt: part, "parts \(part) and \(other) exchanged")
      }
    }
  }

  @Test(
    "a frame that ends early is waited for, and nothing else passes for its rest",
    arguments: kinds)
  func truncation(kind: FrameHeader.Kind) throws {
    let frames = try Self.recorded(kind)
    let whole = Array(frames.exchanges[0].joined())
    var accepted: [Int] = []
    for count in whole.indices {
      let start = Array(whole[..<count])
      #expect(frames.outcome(of: [start]) == .heard(0), "\(count) bytes")
      let again = frames.outcome(of: [start, whole])
      if again != .noticed(part: 1, .tampered), count > 0 { accepted.append(count) }
    }
    #expect(accepted.isEmpty, "so many bytes, then the frame again")
  }
}
