import Cryptography
import Vocabulary

/// Who stands at the door of a rank while a generation forms, and who has to make room.
///
/// Whoever has not said a hello with a right code is a stranger. There is room for so many of them; a newcomer takes the
/// place of the one that came first. A right hello is read as soon as it is there and makes a claimant of who said it, whom
/// no stranger displaces: the places of a rank are taken by hellos to be from that rank only, the newest before the oldest.
///
/// Hellos can be overheard and repeated. But each counts once, so whoever repeats them runs out, and the next one that the
/// true peer makes finds its place. Only who wins every race against it keeps it out: he could as well cut its wire.
///
/// Confined to the step thread.
final class Doorway {
  static let strangersMax = 256
  static let placesOfRank = 4
  /// So that a flood at the door leaves time for the links in the making.
  static let acceptedAtOnceMax = 32
  /// From the connection to its hello, and from the hello to the link.
  private static let helloTimeout = Duration.seconds(2)
  private static let proofTimeout = Duration.seconds(5)

  private let identity: LinkIdentity
  private let listener: Int32
  private var strangers: [LinkAttempt] = []
  private var claimants: [LinkAttempt] = []
  /// The hellos that have counted; all of them were made by holders of the secret, so they are few.
  private var spent: Set<LinkHandshake.Acceptor.Claim> = []

  init(identity: LinkIdentity, listener: Int32) {
    self.identity = identity
    self.listener = listener
  }

  /// Those who have a place.
  var attempts: [LinkAttempt] { claimants + strangers }

  /// Takes the next connections and reads what they have said already.
  func acceptSome() -> [(LinkAttempt, LinkAttempt.Outcome)] {
    var accepted: [(LinkAttempt, LinkAttempt.Outcome)] = []
    while accepted.count < Self.acceptedAtOnceMax, let socket = Socket.accepted(on: listener) {
      let handshake = LinkHandshake.Acceptor(identity: identity, nonce: randomBytes(LinkIdentity.nonceBytes))
      let attempt = LinkAttempt(accepting: handshake, socket: socket, deadline: .after(Self.helloTimeout))
      accepted.append((attempt, attempt.advance(0)))
    }
    return accepted
  }

  /// Gives an attempt that goes on the place that it has earned by now, where it has none yet.
  func keep(_ attempt: LinkAttempt) {
    guard !claimants.contains(where: { $0 === attempt }) else { return }
    guard let claim = attempt.claim else { return keepStranger(attempt) }
    strangers.removeAll { $0 === attempt }
    guard spent.insert(claim).inserted else { return }
    let ofRank = claimants.filter { $0.claim?.dialler == claim.dialler }
    if ofRank.count == Self.placesOfRank { forget(ofRank[0]) }
    attempt.deadline = .after(Self.proofTimeout)
    claimants.append(attempt)
  }

  private func keepStranger(_ attempt: LinkAttempt) {
    guard !strangers.contains(where: { $0 === attempt }) else { return }
    if strangers.count == Self.strangersMax { strangers.removeFirst() }
    strangers.append(attempt)
  }

  func forget(_ attempt: LinkAttempt) {
    strangers.removeAll { $0 === attempt }
    claimants.removeAll { $0 === attempt }
  }

  /// The link with that rank stands.
  func close(to rank: Rank) { claimants.removeAll { $0.claim?.dialler == rank } }

  func dropLate() {
    strangers.removeAll { $0.deadline.hasPassed }
    claimants.removeAll { $0.deadline.hasPassed }
  }
}
