package dev.nippush.internal.delivery;

import dev.nippush.address.Channel;
import dev.nippush.address.DeviceAddress;
import dev.nippush.store.OwedPush;
import dev.nippush.store.PushKey;
import dev.nippush.time.Stamp;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The owed pushes that a lane has in memory, on a shelf for each channel: of each channel, and of each host, only so many,
 * those that are due first. The rest stays in the store. So a provider that does not answer fills its own shelf, and the
 * pushes of others find room. Belongs to its lane.
 */
final class Outbox {

    static final int PER_CHANNEL = 512;
    /** More than {@link DeviceLane#MAX_PER_DEVICE}, or the pushes of one device would not be folded. */
    static final int PER_HOST = 128;

    private final Map<PushKey, Waiting> pushes = new HashMap<>();
    private final Map<Channel, Shelf> shelves = new HashMap<>();
    private final Map<DeviceAddress, DeviceQueue> queues = new HashMap<>();

    private final LeftInStore left;

    private long sequence;

    /** The pushes of a channel. */
    private static final class Shelf {
        private final TreeSet<Waiting> scheduled = new TreeSet<>(Waiting.ORDER);
        private final Map<String, Integer> byHost = new HashMap<>();
        private int size;

        int of(String host) {
            return byHost.getOrDefault(host, 0);
        }
    }

    /**
     * Makes an empty one.
     *
     * @param paused whether a host gets no requests for the moment
     */
    Outbox(Predicate<String> paused) {
        this.left = new LeftInStore(this, paused);
    }

    int size() {
        return pushes.size();
    }

    boolean has(PushKey key) {
        return pushes.containsKey(key);
    }

    Optional<Waiting> find(PushKey key) {
        return Optional.ofNullable(pushes.get(key));
    }

    Collection<Waiting> all() {
        return List.copyOf(pushes.values());
    }

    /**
     * Takes a push, or leaves it to the store where it is due later than all for which there is room.
     *
     * @param nextNanos when it is due
     * @param offered whether it came from its account; if not, it was read from the store
     * @return whether it was taken
     */
    boolean put(OwedPush push, long nextNanos, boolean offered) {
        DeviceAddress device = push.message().address();
        Shelf shelf = shelves.computeIfAbsent(device.channel(), any -> new Shelf());
        Optional<String> host = device.host();
        if (host.isPresent() && shelf.of(host.get()) >= PER_HOST) {
            left.of(host.get());
            if (!makeRoom(shelf, nextNanos, each -> each.device().host().equals(host))) {
                return false;
            }
        } else if (shelf.size >= PER_CHANNEL) {
            left.of(device.channel());
            if (!makeRoom(shelf, nextNanos, each -> true)) {
                // Where there are no hosts one provider has all the room, and would have to take this one too.
                host.ifPresent(any -> left.turnedAway(device.channel()));
                return false;
            }
        }
        Waiting waiting = new Waiting(push, nextNanos, sequence++, offered);
        pushes.put(push.key(), waiting);
        shelf.size++;
        host.ifPresent(name -> shelf.byHost.merge(name, 1, Integer::sum));
        shelf.scheduled.add(waiting);
        queues.computeIfAbsent(device, any -> new DeviceQueue()).add(waiting);
        return true;
    }

    /** Leaves the push that is due last to the store, if it is due later than the new one. */
    private boolean makeRoom(Shelf shelf, long nextNanos, Predicate<Waiting> which) {
        Iterator<Waiting> latestFirst = shelf.scheduled.descendingIterator();
        while (latestFirst.hasNext()) {
            Waiting latest = latestFirst.next();
            if (latest.nextNanos - nextNanos <= 0) {
                return false;
            }
            if (which.test(latest) && latest.unwritten == 0) {
                remove(latest);
                return true;
            }
        }
        return false;
    }

    void remove(Waiting waiting) {
        DeviceAddress device = waiting.device();
        pushes.remove(waiting.push.key());
        Shelf shelf = shelves.get(device.channel());
        shelf.scheduled.remove(waiting);
        shelf.size--;
        device.host().ifPresent(host -> shelf.byHost.computeIfPresent(host, (any, n) -> n == 1 ? null : n - 1));
        DeviceQueue queue = queues.get(device);
        if (queue != null) {
            queue.remove(waiting);
            forgetIdle(device);
        }
    }

    /** Lets go of the queue of a device for which nothing waits and nothing is in flight. */
    void forgetIdle(DeviceAddress device) {
        queues.computeIfPresent(device, (any, queue) -> queue.isIdle() ? null : queue);
    }

    /** The pushes of a device; there is no queue where there is no push. */
    Optional<DeviceQueue> queueOf(DeviceAddress device) {
        return Optional.ofNullable(queues.get(device));
    }

    List<Waiting> waitingFor(DeviceAddress device) {
        return queueOf(device).map(DeviceQueue::waiting).orElse(List.of());
    }

    // ---- by time

    /**
     * Lets a push wait until a moment of the monotonic clock, which the store need not know: after a restart it may be tried
     * at once.
     */
    void putOff(Waiting waiting, long until, Waiting.Reason reason, Stamp now) {
        Instant expiresAt = waiting.push.message().expiresAt();
        // If it expires first, that is found out then.
        schedule(waiting, now.instantAt(until).isBefore(expiresAt) ? until : notBefore(expiresAt, now), reason);
    }

    /** Lets a push wait for its own time. */
    void scheduleAnew(Waiting waiting, Stamp now) {
        schedule(waiting, notBefore(waiting.push.nextAt(), now), Waiting.Reason.NONE);
    }

    /** Never earlier: what stood against a push would still stand, and it would come back at once. */
    private static long notBefore(Instant moment, Stamp now) {
        return now.nanosAt(moment.plusNanos(999_999).toEpochMilli());
    }

    /** Makes a push wait until a moment, whatever it waited for before. */
    void schedule(Waiting waiting, long nextNanos, Waiting.Reason reason) {
        TreeSet<Waiting> scheduled = shelves.get(waiting.device().channel()).scheduled;
        scheduled.remove(waiting);
        waiting.nextNanos = nextNanos;
        waiting.reason = reason;
        scheduled.add(waiting);
    }

    /** Whether the push waits for its time; if not, it is ready or in flight. */
    boolean isScheduled(Waiting waiting) {
        return shelves.get(waiting.device().channel()).scheduled.contains(waiting);
    }

    /** The push that is due first, of those that wait for their time. */
    Optional<Waiting> first() {
        return shelves.values().stream()
                .filter(shelf -> !shelf.scheduled.isEmpty())
                .map(shelf -> shelf.scheduled.first())
                .min(Waiting.ORDER);
    }

    /** The push no longer waits for its time. */
    void unschedule(Waiting waiting) {
        shelves.get(waiting.device().channel()).scheduled.remove(waiting);
    }

    // ---- how much there is

    /** What is in the store and not here. */
    LeftInStore left() {
        return left;
    }

    boolean isFull(Channel channel) {
        return sizeOf(channel) >= PER_CHANNEL;
    }

    boolean isFull(String host) {
        return sizeOf(host) >= PER_HOST;
    }

    /** Whether there is room for a reading of what is in the store. */
    boolean hasRoom(Channel channel) {
        return sizeOf(channel) <= PER_CHANNEL / 2;
    }

    /** Whether there is room for a reading of what is in the store. */
    boolean hasRoom(String host) {
        return sizeOf(host) <= PER_HOST / 2;
    }

    boolean hasAny(String host) {
        return sizeOf(host) > 0;
    }

    private int sizeOf(Channel channel) {
        Shelf shelf = shelves.get(channel);
        return shelf == null ? 0 : shelf.size;
    }

    private int sizeOf(String host) {
        return shelves.values().stream().mapToInt(shelf -> shelf.of(host)).max().orElse(0);
    }

    Set<Channel> channels() {
        return Set.copyOf(shelves.keySet());
    }

    Set<String> hosts() {
        return shelves.values().stream()
                .flatMap(shelf -> shelf.byHost.keySet().stream())
                .collect(Collectors.toSet());
    }
}
