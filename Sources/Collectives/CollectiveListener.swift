import Glibc
public import Vocabulary

/// The socket on which a rank waits for its peers, from the start of the process to its end. Any thread; `form` runs on
/// one thread at a time.
public final class CollectiveListener: Sendable {
  /// Connections that wait while no generation forms. Strangers may fill it; forming then empties it in a moment.
  private static let backlog: Int32 = 1024

  let descriptor: Int32
  /// `host:port` as asked for, with the port that was found.
  public let address: String
  public let port: UInt16

  /// - Parameter address: `host:port`; loopback unless told. Port 0: any free one.
  /// - Throws: `CollectiveError.unavailable`.
  public init(address: String = "127.0.0.1:0") throws {
    let target = try SocketAddress(resolving: address, passive: true)
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = socket(target.family, type, 0)
    func unavailable(_ call: String) -> CollectiveError {
      let reason = SystemFailure.reason("\(call) for \(address)", errno)
      if descriptor >= 0 { Glibc.close(descriptor) }
      return CollectiveError(.unavailable, reason: reason)
    }
    guard descriptor >= 0 else { throw unavailable("socket") }
    var on: Int32 = 1
    _ = setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    target.tune(descriptor)
    guard target.withPointer({ bind(descriptor, $0, $1) }) == 0 else { throw unavailable("bind") }
    guard listen(descriptor, Self.backlog) == 0 else { throw unavailable("listen") }
    guard let port = Self.port(of: descriptor) else { throw unavailable("getsockname") }
    self.descriptor = descriptor
    self.port = port
    // The host keeps the form it was given in, brackets included.
    self.address = address[..<(address.lastIndex(of: ":") ?? address.endIndex)] + ":\(port)"
  }

  deinit { _ = Glibc.close(descriptor) }

  /// Makes links with all members of a generation and gives the collective, ready for its first exchange.
  ///
  /// The higher rank dials, the lower accepts; both prove that they hold `secret`. Strangers, garbage and members of
  /// other generations are turned away without disturbing the others.
  ///
  /// - Parameters:
  ///   - members: Addresses in rank order, this rank's own included.
  ///   - encryption: The same on every rank.
  ///   - isFenced: Asked about every 100 ms; true ends the attempt, because a newer generation is known.
  /// - Throws: `CollectiveError`: `peerLost` when a member's address refuses or its link ends, `timedOut`, `fenced`,
  ///   `refused`, `unavailable`.
  public func form(
    generation: Generation, rank: Rank, members: [String], secret: [UInt8], deadline: Deadline,
    limits: CollectiveLimits = CollectiveLimits(), encryption: LinkEncryption = .none,
    isFenced: () -> Bool = { false }
  ) throws -> TCPCollective {
    precondition(rank.rawValue < members.count, "rank \(rank) among \(members.count) members")
    precondition(!secret.isEmpty, "a generation has a secret")
    let identity = LinkIdentity(
      generation: generation, worldSize: members.count, rank: rank, secret: secret, encryption: encryption)
    let forming = MeshForming(identity: identity, members: members, listener: descriptor)
    let links = try forming.run(until: deadline, isFenced: isFenced)
    return TCPCollective(
      rank: rank, worldSize: members.count, generation: generation, links: links, limits: limits)
  }

  private static func port(of descriptor: Int32) -> UInt16? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { storage in
      let code = storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &length)
      }
      guard code == 0 else { return nil }
      // The port lies at the same place in both families.
      return UInt16(bigEndian: UnsafeRawPointer(storage).loadUnaligned(fromByteOffset: 2, as: UInt16.self))
    }
  }
}
