package dev.nippush;

import dev.nippush.address.DeviceAddress;
import dev.nippush.address.Source;
import dev.nippush.control.ControlMessage;
import dev.nippush.control.Outcome;
import dev.nippush.control.Refusal;
import dev.nippush.event.EventId;
import dev.nippush.event.PublicKey;
import dev.nippush.store.Ending;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushTransport;
import java.time.Duration;

/**
 * Watches what happens, for metrics and logs; it steers nothing. Methods are called on the engine's threads, several at
 * once, and must return quickly. One that throws is logged once and otherwise ignored.
 */
public interface PushListener {

    /** An event was answered. */
    default void answered(EventId event, int kind, Source source, Outcome outcome) {}

    /** Something was refused before it could be read as an event. */
    default void refused(Source source, Refusal refusal) {}

    /** A control message was carried out. */
    default void controlApplied(PublicKey account, ControlMessage message) {}

    /** An account's client is in the foreground now, or no longer. */
    default void presenceChanged(PublicKey account, boolean online) {}

    /** An event is kept until the account goes offline. */
    default void held(PublicKey account, EventId event) {}

    /** Held events were dropped, because the client was alive when they came. */
    default void dropped(PublicKey account, int events) {}

    /** A push was claimed. */
    default void owed(PublicKey account, DeviceAddress device, EventId event) {}

    /**
     * A provider answered, or did not.
     *
     * @param attempt counts from 1
     * @param took from the call to the answer
     * @param result the answer in words, without content
     */
    default void attempted(PushMessage message, int attempt, Duration took, String result) {}

    /** A push ended. */
    default void settled(DeviceAddress device, EventId event, Ending ending) {}

    /** A device was forgotten, because its provider says that it is gone. */
    default void deviceGone(DeviceAddress device) {}

    /** The registration of an account was forgotten, because it gave no sign of life for long. */
    default void forgotten(PublicKey account) {}

    /** A transport was stopped, because its provider refuses our credentials. */
    default void transportParked(PushTransport transport, String reason) {}

    /** A parked transport works again. */
    default void transportResumed(PushTransport transport) {}
}
