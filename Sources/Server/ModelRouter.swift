package import HTTP
import JSON
import Vocabulary

/// Finds the model that a request is for, and answers what is of all of them. Any thread.
package final class ModelRouter: Sendable {
  private static let models = Array("/v2/models/".utf8)

  private let models: [RequestAnswering]
  private let names: [[UInt8]]

  /// - Parameter models: One at least, of different names. What is no model's the first one answers and counts.
  package init(_ models: [RequestAnswering]) {
    precondition(!models.isEmpty, "a server answers with one model at least")
    self.models = models
    names = models.map { Array($0.name.utf8) }
  }

  package func answer(_ question: ServerQuestion) -> HTTPResponse { answer(question, observesOnly: false) }

  /// Health, metrics and status only: for a door that strangers may not come through.
  package func observe(_ question: ServerQuestion) -> HTTPResponse { answer(question, observesOnly: true) }

  private func answer(_ question: ServerQuestion, observesOnly: Bool) -> HTTPResponse {
    let first = models[0]
    func hand(to model: RequestAnswering) -> HTTPResponse {
      observesOnly ? model.observe(question) : model.answer(question)
    }
    guard models.count > 1 else {
      if let name = question.model, name != first.name { return first.refuse(unknown(name)) }
      return hand(to: first)
    }
    if question.path.starts(with: Self.models) {
      let rest = UnsafeRawBufferPointer(rebasing: question.path[Self.models.count...])
      let name = rest[..<(rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex)]
      if let place = names.firstIndex(where: { name.elementsEqual($0) }) { return hand(to: models[place]) }
    }
    let isGet = question.method == .get || question.method == .head
    switch ServerRoute(String(decoding: question.path, as: UTF8.self)) {
    case .model(let name, _), .modelReady(let name, _), .infer(let name, _):
      guard let model = model(name) else { return first.refuse(unknown(name)) }
      return hand(to: model)
    case .predict where question.method == .post && !observesOnly:
      guard let name = question.model else {
        return first.refuse(.badRequest("this server has several models: say which with ?model=\(list("|"))"))
      }
      guard let model = model(name) else { return first.refuse(unknown(name)) }
      return hand(to: model)
    case .status where isGet:
      guard let name = question.model else { return first.give(Self.list("{\"models\":[", models.map(\.status), "]}")) }
      guard let model = model(name) else { return first.refuse(unknown(name)) }
      return hand(to: model)
    case .index where question.method == .post && !observesOnly:
      return first.give(Self.list("[", models.map(\.indexEntries), "]"))
    case .ready where isGet:
      // Not before all are: whoever asks does not say for which.
      return hand(to: models.first { !$0.isReady } ?? first)
    default: return hand(to: first)
    }
  }

  private func model(_ name: String) -> RequestAnswering? { models.first { $0.name == name } }

  private func list(_ separator: String) -> String { models.map(\.name).joined(separator: separator) }

  private func unknown(_ name: String) -> APIError {
    .notFound(
      "there is no model \(APIError.quote(name)), only \(models.map { "“\($0.name)”" }.joined(separator: ", "))")
  }

  private static func list(_ start: String, _ parts: [[UInt8]], _ end: String) -> HTTPResponse {
    HTTPResponse(body: Array(start.utf8) + parts.joined(separator: [UInt8(ascii: ",")]) + Array(end.utf8))
  }
}
