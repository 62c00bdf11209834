import Cryptography
import Vocabulary

/// Who this rank is when it makes links, and the codes by which it and its peers prove that they share the secret.
struct LinkIdentity {
  static let nonceBytes = 32

  /// What a code says, so that no code can stand for another: the first word, the acceptor's proof, the dialler's, the last word.
  enum Statement: String {
    case hello = "retrain link 2: a holder of the secret dials"
    case acceptor = "retrain link 2: the acceptor holds the secret"
    case dialler = "retrain link 2: the dialler holds the secret"
    case welcome = "retrain link 2: the link stands"
    /// Never sent: its first half is the key of the frames on that way.
    case framesOfAcceptor = "retrain link 2: frames of the acceptor"
    case framesOfDialler = "retrain link 2: frames of the dialler"
    /// Never sent: the key that both ends bring to TLS.
    case session = "retrain link 2: the key of the TLS session"
  }

  let generation: Generation
  let worldSize: Int
  let rank: Rank
  let secret: [UInt8]
  let encryption: LinkEncryption

  /// The code over the statement, the generation, the world, both ranks, the nonces there are and, of links that are to be
  /// ciphered, that they are: so no code of such a link is one of a plain link.
  ///
  /// - Parameter encryption: As a hello has it; nil: this rank's.
  func code(
    _ statement: Statement, dialler: Rank, acceptor: Rank, diallerNonce: [UInt8], acceptorNonce: [UInt8],
    encryption: UInt32? = nil
  ) -> [UInt8] {
    var text = Array(statement.rawValue.utf8)
    text.append(0)
    text.append(littleEndian: generation.rawValue)
    text.append(littleEndian: UInt32(worldSize))
    text.append(littleEndian: UInt32(dialler.rawValue))
    text.append(littleEndian: UInt32(acceptor.rawValue))
    text += diallerNonce
    text += acceptorNonce
    let encryption = encryption ?? self.encryption.wireValue
    if encryption != LinkEncryption.none.wireValue { text.append(littleEndian: encryption) }
    return HMACSHA256.code(of: text, key: secret)
  }
}
