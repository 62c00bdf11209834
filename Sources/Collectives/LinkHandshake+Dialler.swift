import Cryptography
import Vocabulary

extension LinkHandshake {
  /// The side that dials: always the higher rank.
  struct Dialler {
    private enum State {
      case awaitingAnswer
      case awaitingWelcome(acceptorNonce: [UInt8])
      case done
    }

    let identity: LinkIdentity
    let acceptor: Rank
    private let nonce: [UInt8]
    private var state = State.awaitingAnswer

    init(identity: LinkIdentity, acceptor: Rank, nonce: [UInt8]) {
      self.identity = identity
      self.acceptor = acceptor
      self.nonce = nonce
    }

    var opening: Action {
      .send(Hello(of: identity, to: acceptor, nonce: nonce).bytes, thenExpect: answerBytes)
    }

    mutating func receive(_ bytes: [UInt8]) -> Action {
      switch state {
      case .awaitingAnswer:
        state = .done
        guard let answer = Answer(bytes) else { return .giveUp(reply: [], why: .notAuthentic) }
        if let refusal = Refusal(rawValue: answer.refusal) { return .giveUp(reply: [], why: .refused(refusal)) }
        guard answer.refusal == 0, equalInConstantTime(answer.code, code(.acceptor, answer.nonce)) else {
          return .giveUp(reply: [], why: .notAuthentic)
        }
        state = .awaitingWelcome(acceptorNonce: answer.nonce)
        return .send(code(.dialler, answer.nonce), thenExpect: codeBytes)
      case .awaitingWelcome(let acceptorNonce):
        state = .done
        guard equalInConstantTime(bytes, code(.welcome, acceptorNonce)) else {
          return .giveUp(reply: [], why: .notAuthentic)
        }
        let keys = LinkKeys(
          outgoing: Array(code(.framesOfDialler, acceptorNonce)[..<GMAC.keyBytes]),
          incoming: Array(code(.framesOfAcceptor, acceptorNonce)[..<GMAC.keyBytes]),
          session: identity.encryption == .tls ? code(.session, acceptorNonce) : nil)
        return .establish(peer: acceptor, keys, [])
      case .done:
        return .giveUp(reply: [], why: .notAuthentic)
      }
    }

    private func code(_ statement: LinkIdentity.Statement, _ acceptorNonce: [UInt8]) -> [UInt8] {
      identity.code(
        statement, dialler: identity.rank, acceptor: acceptor, diallerNonce: nonce, acceptorNonce: acceptorNonce)
    }
  }
}
