import Cryptography
import HTTP
import Pipelines

/// Who may ask what of a server. Any thread.
///
/// Tokens are kept and compared as digests: how long that takes tells nothing of them.
struct Access: Sendable {
  /// A shorter one is guessed before anybody notices.
  private static let tokenBytesMin = 16

  private let bearers: [(digest: [UInt8], role: ServingToken.Role)]

  /// - Throws: `ServingRefusal`.
  init(_ tokens: [ServingToken]) throws {
    bearers = try tokens.enumerated().map { place, token in
      guard token.token.utf8.count >= Self.tokenBytesMin else {
        throw ServingRefusal(
          "serving.tokens[\(place)].token is shorter than \(Self.tokenBytesMin) characters: make it of random ones, as by "
            + "'openssl rand -hex 32'")
      }
      return (SHA256.digest(of: token.token), token.role)
    }
    for (place, bearer) in bearers.enumerated() {
      if let other = bearers[..<place].firstIndex(where: { $0.digest == bearer.digest }) {
        throw ServingRefusal(
          "serving.tokens[\(other)] and serving.tokens[\(place)] are the same token: give each role one of its own")
      }
    }
  }

  /// Whether anybody is asked at all.
  var isGuarded: Bool { !bearers.isEmpty }
  /// Whether there are those who may do nothing but look.
  var hasReaders: Bool { bearers.contains { $0.role == .read } }

  /// Why a request is not answered; nil: it is. Its head is all that matters.
  func refusal(_ request: HTTPRequest) -> HTTPRefusal? {
    var (authorization, namesVersion): (String?, Bool) = (nil, false)
    request.eachHeader { header in
      switch header.name.count {
      case 13 where header.isNamed("authorization"): authorization = header.text(after: authorization)
      case 17 where header.isNamed("x-retrain-version"): namesVersion = true
      default: break
      }
    }
    guard let needed = Self.role(for: ServerRoute(request.pathText), namesVersion: namesVersion) else { return nil }
    guard let authorization, authorization.utf8.count <= 1024,
      let match = authorization.wholeMatch(of: /[Bb][Ee][Aa][Rr][Ee][Rr] +([!-~]+)/)
    else {
      return HTTPRefusal(
        status: 401, message: "a token is needed: send the header Authorization: Bearer TOKEN",
        headers: [("WWW-Authenticate", "Bearer")])
    }
    guard let role = role(of: String(match.output.1)) else {
      return HTTPRefusal(
        status: 401, message: "the token is not known here",
        headers: [("WWW-Authenticate", "Bearer error=\"invalid_token\"")])
    }
    guard role >= needed else {
      return HTTPRefusal(
        status: 403, message: "the token is for \(role.rawValue), and this takes one for \(needed.rawValue)",
        headers: [("WWW-Authenticate", "Bearer error=\"insufficient_scope\"")])
    }
    return nil
  }

  /// All of them are looked at, so that none can be told by the time it takes.
  private func role(of token: String) -> ServingToken.Role? {
    let digest = SHA256.digest(of: token)
    return bearers.reduce(nil) { equalInConstantTime($1.digest, digest) ? $1.role : $0 }
  }

  /// nil: anybody may. What is not there is told to those who may look around.
  static func role(for route: ServerRoute?, namesVersion: Bool) -> ServingToken.Role? {
    switch route {
    case .live, .ready: nil
    case .infer(_, let version): version != nil || namesVersion ? .operate : .predict
    case .predict: namesVersion ? .operate : .predict
    default: .read
    }
  }
}

/// Why a server does not begin with the settings that it was given.
public struct ServingRefusal: Error, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }
}
