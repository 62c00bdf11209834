import Foundation
import HTTP
import Health
import JSON
import Registry
import Synchronization

/// The page that a person opens, and the numbers behind it.
package final class StatusPage: Sendable {
  private struct Facts {
    var address = ""
    var health: [LayerHealth] = []
    var registryIsReachable = false
  }

  private let pipelineName: String
  private let facts = Mutex(Facts())

  package init(pipelineName: String) { self.pipelineName = pipelineName }

  func update(address: String) { facts.withLock { $0.address = address } }
  func update(health: [LayerHealth]) { facts.withLock { $0.health = health } }
  func update(registryIsReachable: Bool) { facts.withLock { $0.registryIsReachable = registryIsReachable } }

  func json(_ state: ServingState) -> [UInt8] {
    let facts = facts.withLock { $0 }
    let set = state.versions
    let stable = set.stable?.facts
    var json = JSONText(capacity: 1024)
    func number(_ name: String, _ value: Int64?) { json.raw(",\"\(name)\":\(value.map { String($0) } ?? "null")") }
    func time(_ name: String, _ date: Date?) {
      json.raw(",\"\(name)\":" + (date.map { "\"\($0.formatted(.iso8601))\"" } ?? "null"))
    }
    json.raw("{\"pipeline\":")
    json.string(pipelineName)
    json.raw(",\"address\":")
    json.string(facts.address)
    json.raw(",\"ready\":\(stable != nil),\"registry\":\(facts.registryIsReachable)")
    number("version", stable?.number)
    number("canary", set.canary?.facts.number)
    json.raw(",\"warm\":[")
    json.list(set.warm) { $0.raw(String($1.facts.number)) }
    json.raw("]")
    number("checkpoint", stable?.checkpoint)
    let memory = set.stable?.version.memory
    number("memory_checkpoint", memory?.checkpoint)
    number("memory_age_seconds", memory.map { Int64(max(0, Date().timeIntervalSince($0.savedAt))) })
    time("stable_since", stable?.since)
    time("loaded_at", set.stable?.loadedAt)
    time("started_at", state.startedAt)
    number("requests", state.requests.load(ordering: .relaxed))
    number("failures", state.failures.load(ordering: .relaxed))
    number("non_finite", state.nonFinite)
    json.raw(",\"versions\":[")
    json.list(state.outputs.sorted { $0.key > $1.key }) { json, version in
      json.raw("{\"version\":\(version.key),\"requests\":\(version.value.requests)")
      json.raw(",\"non_finite\":\(version.value.nonFinite)}")
    }
    json.raw("],\"health\":[")
    json.list(facts.health) { json, layer in
      json.raw("{\"layer\":")
      json.string(layer.layer)
      json.raw(",\"zero\":")
      json.number(layer.sketch.zeroFraction)
      json.raw(",\"saturated\":")
      json.number(layer.sketch.saturatedFraction)
      json.raw(",\"dead_units\":\(layer.sketch.deadUnits),\"non_finite\":\(layer.sketch.nonFinite),\"gradient_norm\":")
      json.number(layer.gradientNorm ?? .nan)
      json.raw("}")
    }
    json.raw("]}")
    return json.bytes
  }

  var html: HTTPResponse {
    var response = HTTPResponse(contentType: "text/html; charset=utf-8", text: Self.document)
    response.headers = [
      ("Content-Security-Policy", "default-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"),
      ("Cache-Control", "no-store"),
    ]
    return response
  }
}
