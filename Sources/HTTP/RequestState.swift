import Glibc

/// One request in the making, with its body. Used by one thread at a time: the polling thread, or the slow lane's while
/// the connection is laid aside.
final class RequestState {
  let method: HTTPMethod
  let target: RequestTarget?
  let visitor: Visitor
  /// Decided before the body was whole; the rest of it is thrown away.
  private(set) var refusal: HTTPRefusal?
  /// The slow lane's answer.
  var reply: HTTPResponse?
  /// Whether an answer was queued already.
  var isAnswered = false
  /// Bytes of the body that came, those thrown away included.
  private(set) var received = 0

  private var pointer: UnsafeMutableRawPointer?
  private var count = 0
  private var capacity = 0
  /// What is in the budget: a part of `capacity`, or of the reply.
  private var budgeted = 0
  private let announced: Int?
  private let limits: HTTPLimits
  private let budget: BodyBudget

  init(
    method: HTTPMethod, target: RequestTarget?, announced: Int?, visitor: Visitor, limits: HTTPLimits,
    budget: BodyBudget
  ) {
    self.method = method
    self.target = target
    self.announced = announced
    self.visitor = visitor
    self.limits = limits
    self.budget = budget
  }

  deinit { releaseBody() }

  var body: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointer, count: count) }

  func refuse(_ refusal: HTTPRefusal) {
    self.refusal = refusal
    releaseBody()
  }

  func append(_ bytes: UnsafeRawBufferPointer) {
    received += bytes.count
    guard refusal == nil else { return }
    guard count + bytes.count <= limits.bodyBytesMax else { return refuse(.tooLarge(limits.bodyBytesMax)) }
    guard grow(to: count + bytes.count) else { return refuse(.crowded) }
    if let pointer, let base = bytes.baseAddress { (pointer + count).copyMemory(from: base, byteCount: bytes.count) }
    count += bytes.count
  }

  /// Takes room for a reply, in place of the body that it answers, until the request is complete: a client that does not
  /// read holds its reply here.
  ///
  /// - Returns: false: there is none.
  func hold(reply bytes: Int) -> Bool {
    releaseBody()
    let more = max(0, bytes - HTTPLimits.smallBodyBytes)
    guard more == 0 || budget.take(more) else { return false }
    budgeted = more
    return true
  }

  /// Gives the memory back before the state itself goes.
  func releaseBody() {
    free(pointer)
    pointer = nil
    budget.give(budgeted)
    (count, capacity, budgeted) = (0, 0, 0)
  }

  /// Memory follows what has come, not what was announced: an announcement costs a client nothing.
  private func grow(to bytes: Int) -> Bool {
    let needed = bytes + HTTPRequest.bodyPaddingBytes
    guard needed > capacity else { return true }
    let most = min(announced ?? limits.bodyBytesMax, limits.bodyBytesMax) + HTTPRequest.bodyPaddingBytes
    let wanted = max(needed, min(max(2 * capacity, HTTPLimits.smallBodyBytes), most))
    let more = max(0, wanted - HTTPLimits.smallBodyBytes - HTTPRequest.bodyPaddingBytes) - budgeted
    if more > 0 {
      guard budget.take(more) else { return false }
      budgeted += more
    }
    guard let larger = realloc(pointer, wanted) else { return false }
    (pointer, capacity) = (larger, wanted)
    return true
  }
}
