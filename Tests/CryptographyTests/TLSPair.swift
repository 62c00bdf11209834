import Cryptography
import Vocabulary

/// Both ends of a session, and what goes from one to the other: all of it, or piece by piece.
final class TLSPair {
  static let key = (0..<32).map { UInt8($0 * 5) }

  let client, server: TLSSession
  private var random: SplitMix64
  private let piecesMax: Int?
  /// What is done to the records on their way, which end they come from, and how many bytes came from there before.
  var meddle: (_ records: inout [UInt8], _ fromClient: Bool, _ begin: Int) -> Void = { _, _, _ in }
  private(set) var carried = (fromClient: 0, fromServer: 0)

  /// - Parameter piecesMax: nil: all that is there goes at once.
  init(serverKey: [UInt8] = key, piecesMax: Int? = nil, seed: UInt64 = 1) throws {
    client = try TLSSession(.client, key: Self.key)
    server = try TLSSession(.server, key: serverKey)
    self.piecesMax = piecesMax
    random = SplitMix64(seed: seed)
  }

  /// Carries what `end` has to say to the other one.
  ///
  /// - Returns: How much that was.
  @discardableResult func carry(from end: TLSSession) -> Int {
    let isClient = end === client
    let target = isClient ? server : client
    var count = min(end.outgoing.count, target.incoming.count)
    if let piecesMax { count = min(count, 1 + Int(random.next() % UInt64(piecesMax))) }
    var records = [UInt8](end.outgoing[..<count])
    end.didSend(count)
    meddle(&records, isClient, isClient ? carried.fromClient : carried.fromServer)
    if isClient { carried.fromClient += count } else { carried.fromServer += count }
    target.incoming.copyBytes(from: records)
    target.didReceive(records.count)
    return count
  }

  /// - Throws: What either end threw, after the other one has heard of it.
  func shakeHands() throws {
    var ends = (client: false, server: false)
    for _ in 0..<100_000 where !(ends.client && ends.server) {
      if !ends.client { ends.client = try client.handshake() }
      carry(from: client)
      if !ends.server { ends.server = try server.handshake() }
      carry(from: server)
    }
    while carry(from: client) > 0 {}
  }

  /// What the other end opens of `bytes`, in rooms of `room` bytes.
  func say(_ bytes: [UInt8], from end: TLSSession, room: Int = 5000) throws -> [UInt8] {
    let target = end === client ? server : client
    var heard: [UInt8] = []
    var said = 0
    var place = [UInt8](repeating: 0, count: room)
    while heard.count < bytes.count {
      said += try bytes.withUnsafeBytes { try end.seal(UnsafeRawBufferPointer(rebasing: $0[said...])) }
      let moved = carry(from: end)
      opening: while true {
        switch try place.withUnsafeMutableBytes({ try target.open(into: $0) }) {
        case .bytes(let count): heard += place[..<count]
        case .needsMore: break opening
        case .ended: return heard
        }
      }
      if moved == 0, said == bytes.count { break }
    }
    return heard
  }
}
