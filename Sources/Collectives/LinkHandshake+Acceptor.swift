import Cryptography
import Vocabulary

extension LinkHandshake {
  /// The side that listens: always the lower rank.
  struct Acceptor {
    /// A hello with a right code: the rank it names, and what tells it from every other hello.
    struct Claim: Hashable {
      let dialler: Rank
      let nonce: [UInt8]
    }

    private enum State {
      case awaitingHello
      case awaitingProof(Hello)
      case done
    }

    let identity: LinkIdentity
    private let nonce: [UInt8]
    private var state = State.awaitingHello
    /// Who knocks, once a code has shown that a holder of the secret said so, at some time.
    private(set) var claim: Claim?

    init(identity: LinkIdentity, nonce: [UInt8]) {
      self.identity = identity
      self.nonce = nonce
    }

    mutating func receive(_ bytes: [UInt8]) -> Action {
      switch state {
      case .awaitingHello:
        state = .done
        guard let hello = Hello(bytes) else { return .giveUp(reply: [], why: .notAuthentic) }
        if let refusal = refusal(of: hello) {
          let answer = Answer.refusing(refusal, generation: identity.generation)
          return .giveUp(reply: answer.bytes, why: .refused(refusal))
        }
        claim = Claim(dialler: Rank(Int(hello.dialler)), nonce: hello.nonce)
        guard hello.encryption == identity.encryption.wireValue else {
          let answer = Answer.refusing(.otherEncryption, generation: identity.generation)
          return .giveUp(reply: answer.bytes, why: .refused(.otherEncryption))
        }
        state = .awaitingProof(hello)
        let answer = Answer(
          refusal: 0, generation: identity.generation, nonce: nonce, code: code(.acceptor, hello))
        return .send(answer.bytes, thenExpect: codeBytes)
      case .awaitingProof(let hello):
        state = .done
        guard equalInConstantTime(bytes, code(.dialler, hello)) else {
          return .giveUp(reply: [], why: .notAuthentic)
        }
        let keys = LinkKeys(
          outgoing: Array(code(.framesOfAcceptor, hello)[..<GMAC.keyBytes]),
          incoming: Array(code(.framesOfDialler, hello)[..<GMAC.keyBytes]),
          session: identity.encryption == .tls ? code(.session, hello) : nil)
        return .establish(peer: Rank(Int(hello.dialler)), keys, code(.welcome, hello))
      case .done:
        return .giveUp(reply: [], why: .notAuthentic)
      }
    }

    private func refusal(of hello: Hello) -> Refusal? {
      if hello.generation < identity.generation { return .stale }
      if hello.generation > identity.generation { return .early }
      let isInPlace =
        hello.worldSize == UInt32(identity.worldSize) && hello.acceptor == UInt32(identity.rank.rawValue)
        && hello.dialler > hello.acceptor && hello.dialler < hello.worldSize
      guard isInPlace else { return .wrongPlace }
      return equalInConstantTime(hello.code, code(.hello, hello, acceptorNonce: [])) ? nil : .otherSecret
    }

    private func code(
      _ statement: LinkIdentity.Statement, _ hello: Hello, acceptorNonce: [UInt8]? = nil
    ) -> [UInt8] {
      identity.code(
        statement, dialler: Rank(Int(hello.dialler)), acceptor: identity.rank, diallerNonce: hello.nonce,
        acceptorNonce: acceptorNonce ?? nonce, encryption: hello.encryption)
    }
  }
}
