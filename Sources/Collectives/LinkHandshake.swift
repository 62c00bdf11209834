import Cryptography
import Vocabulary

/// The messages by which two ranks make a link, and why one of them says no.
///
/// 1. dialler → acceptor: hello (magic, generation, world, both ranks, encryption, nonce, code of all that)
/// 2. acceptor → dialler: answer (magic, refusal or 0, generation, nonce, acceptor's code)
/// 3. dialler → acceptor: proof (dialler's code)
/// 4. acceptor → dialler: welcome (code)
///
/// Where links are to be ciphered (`LinkEncryption`), a handshake of TLS follows, with the dialler as its client.
///
/// Fixed sizes, little-endian. The hello's code shows at once that a holder of the secret made it, though not that he is who
/// says it now: it earns a place at the door (`Doorway`), and only the proof makes the link. A refusal proves nothing: it can
/// end an attempt, never make a link.
enum LinkHandshake {
  static let helloBytes = 96
  static let answerBytes = 88
  static let codeBytes = HMACSHA256.byteCount
  /// Of any of them.
  static let messageBytesMax = max(helloBytes, answerBytes)

  enum Refusal: UInt32 {
    /// The acceptor is in a newer generation than the dialler.
    case stale = 1
    /// The acceptor is still in an older generation: worth another try.
    case early = 2
    /// The acceptor is another rank, or counts another world, or does not expect this rank to dial.
    case wrongPlace = 3
    /// The hello's code was not made with the acceptor's secret.
    case otherSecret = 4
    /// One of the two ciphers its links and the other does not.
    case otherEncryption = 5
  }

  /// What to do after a message.
  enum Action: Equatable {
    /// Send, then wait for so many bytes.
    case send([UInt8], thenExpect: Int)
    /// The link stands, once the bytes are sent.
    case establish(peer: Rank, LinkKeys, [UInt8])
    /// Close, once the bytes are sent. The dialler also learns why.
    case giveUp(reply: [UInt8], why: Failure)
  }

  enum Failure: Equatable {
    case refused(Refusal)
    /// Not one of our messages, or a code made without the secret.
    case notAuthentic
    /// Both hold the secret, and have no TLS session by it all the same.
    case noSession(TLSFailure)
  }

  struct Hello: Equatable {
    static let magic: UInt64 = 0x324b_4c6e_7274_6572  // "retrnLK2"
    var generation: Generation
    var worldSize: UInt32
    var dialler: UInt32
    var acceptor: UInt32
    var encryption: UInt32
    var nonce: [UInt8]
    var code: [UInt8]

    var bytes: [UInt8] {
      var bytes: [UInt8] = []
      bytes.append(littleEndian: Self.magic)
      bytes.append(littleEndian: generation.rawValue)
      bytes.append(littleEndian: worldSize)
      bytes.append(littleEndian: dialler)
      bytes.append(littleEndian: acceptor)
      bytes.append(littleEndian: encryption)
      return bytes + nonce + code
    }

    /// What the dialler says.
    init(of identity: LinkIdentity, to acceptor: Rank, nonce: [UInt8]) {
      generation = identity.generation
      worldSize = UInt32(identity.worldSize)
      dialler = UInt32(identity.rank.rawValue)
      self.acceptor = UInt32(acceptor.rawValue)
      encryption = identity.encryption.wireValue
      self.nonce = nonce
      code = identity.code(
        .hello, dialler: identity.rank, acceptor: acceptor, diallerNonce: nonce, acceptorNonce: [])
    }

    init?(_ bytes: [UInt8]) {
      guard bytes.count == helloBytes else { return nil }
      let isOurs = bytes.withUnsafeBytes { $0.integer(at: 0) == Self.magic }
      guard isOurs else { return nil }
      generation = bytes.withUnsafeBytes { Generation($0.integer(at: 8)) }
      worldSize = bytes.withUnsafeBytes { $0.integer(at: 16) }
      dialler = bytes.withUnsafeBytes { $0.integer(at: 20) }
      acceptor = bytes.withUnsafeBytes { $0.integer(at: 24) }
      encryption = bytes.withUnsafeBytes { $0.integer(at: 28) }
      nonce = Array(bytes[32..<64])
      code = Array(bytes[64...])
    }
  }

  struct Answer: Equatable {
    static let magic: UInt64 = 0x3241_4c6e_7274_6572  // "retrnLA2"
    var refusal: UInt32
    var generation: Generation
    var nonce: [UInt8]
    var code: [UInt8]

    var bytes: [UInt8] {
      var bytes: [UInt8] = []
      bytes.append(littleEndian: Self.magic)
      bytes.append(littleEndian: refusal)
      bytes.append(littleEndian: UInt32(0))
      bytes.append(littleEndian: generation.rawValue)
      return bytes + nonce + code
    }

    static func refusing(_ refusal: Refusal, generation: Generation) -> Answer {
      Answer(
        refusal: refusal.rawValue, generation: generation, nonce: [UInt8](repeating: 0, count: 32),
        code: [UInt8](repeating: 0, count: codeBytes))
    }

    init(refusal: UInt32, generation: Generation, nonce: [UInt8], code: [UInt8]) {
      self.refusal = refusal
      self.generation = generation
      self.nonce = nonce
      self.code = code
    }

    init?(_ bytes: [UInt8]) {
      guard bytes.count == answerBytes else { return nil }
      let isOurs = bytes.withUnsafeBytes { $0.integer(at: 0) == Self.magic }
      guard isOurs else { return nil }
      refusal = bytes.withUnsafeBytes { $0.integer(at: 8) }
      generation = bytes.withUnsafeBytes { Generation($0.integer(at: 16)) }
      nonce = Array(bytes[24..<56])
      code = Array(bytes[56...])
    }
  }
}
