import Confinement
import Foundation
import HTTP
package import Pipelines
package import Vocabulary

/// How a delivery went.
package struct Delivery: Sendable, Hashable {
  /// Whether the message was taken.
  package var isTaken: Bool
  /// Why not, or `200`: for logs, tables and status, without a secret and without a word of the receiver's.
  package var outcome: String
  /// What the receiver itself said, shortened: for the person who asks, for nothing else.
  package var words = ""
}

/// A webhook that a message is posted to, or a command that it is given.
package struct AlertReceiver: Sendable {
  package let settings: AlertSettings
  package var name: String { settings.effectiveName }

  package init(_ settings: AlertSettings) { self.settings = settings }

  /// What an answer may hold; who answers with more has answered, and is not listened to any longer.
  private static let answerBytesMax = 64 << 10
  private static let tokenBytesMax = 16 << 10

  /// Delivers a message, on a thread of its own: a receiver that hangs holds nobody else up.
  ///
  /// - Parameter deadline: nil: after the receiver's `timeout`.
  package func deliver(_ json: String, until deadline: Deadline? = nil) async -> Delivery {
    let deadline = (deadline ?? .after(settings.timeout)).or(.after(settings.timeout))
    let work: @Sendable () -> Delivery = { [self] in
      settings.webhook.map { post(json, to: $0, until: deadline) } ?? run(json, until: deadline)
    }
    do { return try await onDedicatedThread(named: "alert", work) } catch {
      return Delivery(isTaken: false, outcome: "no thread")
    }
  }

  private func post(_ json: String, to url: String, until deadline: Deadline) -> Delivery {
    var call = HTTPCall(url: url, body: Array(json.utf8))
    call.answerBytesMax = Self.answerBytesMax
    do {
      if let file = settings.authorizationFile {
        call.headers = [("Authorization", "Bearer " + (try Self.token(in: file)))]
      }
      let answer = try call.answer(until: deadline)
      return judge(answer.status, Self.beginning(of: answer.body))
    } catch let error as HTTPCallError {
      // Its text has the whole URL, which must not be seen.
      if let status = error.status, (200..<300).contains(status) { return judge(status, "") }
      return Delivery(isTaken: false, outcome: Self.sentence(error, answered: error.status))
    } catch let error as TokenFailure {
      return Delivery(isTaken: false, outcome: error.sentence)
    } catch {
      return Delivery(isTaken: false, outcome: "an error nobody expected")
    }
  }

  private func judge(_ status: Int, _ words: String) -> Delivery {
    if (200..<300).contains(status) { return Delivery(isTaken: true, outcome: "\(status)", words: words) }
    let more = (300..<400).contains(status) ? ", and redirects are not followed" : ""
    return Delivery(isTaken: false, outcome: "it answers \(status)\(more)", words: words)
  }

  private static func sentence(_ error: HTTPCallError, answered status: Int?) -> String {
    let what =
      switch error.code {
      case .malformedURL: "the URL is none"
      case .malformedHeader: "the token cannot be sent"
      case .unknownHost: "nobody knows the host"
      case .unreachable: "it cannot be reached"
      case .untrusted: "its certificate is not to be trusted, or it speaks no TLS"
      case .unanswered: "it does not answer in time, or hangs up"
      case .answerTooLarge: "its answer does not end"
      case .notHTTP: "it does not speak HTTP"
      }
    return status.map { "it answers \($0)" } ?? what
  }

  private struct TokenFailure: Error { let sentence: String }

  /// Read anew each time: tokens are renewed.
  private static func token(in file: String) throws -> String {
    guard let handle = FileHandle(forReadingAtPath: file) else {
      throw TokenFailure(sentence: "the authorization file \(file) cannot be read")
    }
    defer { try? handle.close() }
    let bytes = (try? handle.read(upToCount: tokenBytesMax + 1)) ?? Data()
    let token = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    guard bytes.count <= tokenBytesMax, !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw TokenFailure(
        sentence: "the authorization file \(file) has no token in it: one word of printable characters")
    }
    return token
  }

  private func run(_ json: String, until deadline: Deadline) -> Delivery {
    switch CommandRun.run(settings.command, input: Array(json.utf8), environment: settings.environment, until: deadline)
    {
    case .ended(let code, let complaint):
      return Delivery(
        isTaken: code == 0, outcome: code == 0 ? "exit code 0" : "it ends with exit code \(code)",
        words: Self.end(of: complaint))
    case .killed(let signal, let complaint):
      return Delivery(isTaken: false, outcome: "it was ended by signal \(signal)", words: Self.end(of: complaint))
    case .tooLate(let complaint):
      return Delivery(
        isTaken: false, outcome: "it does not end in time, and was ended with its children",
        words: Self.end(of: complaint))
    case .notStarted(let reason):
      return Delivery(isTaken: false, outcome: "it does not start: \(reason)")
    }
  }

  private static let wordsMax = 500

  private static func beginning(of bytes: [UInt8]) -> String {
    String(decoding: bytes.prefix(4 * wordsMax), as: UTF8.self).prefix(wordsMax).trimmingCharacters(
      in: .whitespacesAndNewlines)
  }

  private static func end(of bytes: [UInt8]) -> String {
    String(String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines).suffix(wordsMax))
  }
}
