package dev.nippush.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.assertj.core.api.Assertions.within;

import dev.nippush.testkit.Gateway.Ability;
import dev.nippush.testkit.Gateway.Received;
import dev.nippush.transport.Notification;
import dev.nippush.transport.Notification.Urgency;
import dev.nippush.transport.PushMessage;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Rejected;
import dev.nippush.transport.Shorten;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What arrives of a message: all of it, or what a provider's limit leaves. */
abstract class PayloadClauses extends CallerClauses {

    PayloadClauses() {}

    @Test
    @DisplayName("A message arrives whole")
    protected final void messageArrivesWhole() {
        assertArrives("New reply", "Someone replied to you.");

        Received received = provider().received().last();
        assertThat(received.device()).isEqualTo(device(0));
        assertThat(received.shown()).isTrue();
        assertThat(received.data())
                .containsEntry(Notification.MESSAGE_TYPE, Notification.MESSAGE)
                .containsEntry("reference", "0123");
    }

    @Test
    @DisplayName("A call arrives as a call")
    protected final void callArrivesAsCall() {
        assertThat(send(message(device(0), Notification.call("Incoming call", "Someone is calling you."))))
                .isEqualTo(PushResult.accepted());

        assertThat(provider().received().last().data()).containsEntry(Notification.MESSAGE_TYPE, Notification.CALL);
    }

    @Test
    @DisplayName("A silent message arrives as data, and shows nothing")
    protected final void silentMessageShowsNothing() {
        needs(Ability.SILENT);
        Notification silent = Notification.silent(
                Urgency.NORMAL, Map.of(Notification.MESSAGE_TYPE, Notification.MESSAGE, "reference", "0123"));

        assertThat(send(message(device(0), silent))).isEqualTo(PushResult.accepted());

        Received received = provider().received().last();
        assertThat(received.shown()).as("shown").isFalse();
        assertThat(received.title()).isEmpty();
        assertThat(received.body()).isEmpty();
        assertThat(received.data()).containsAllEntriesOf(silent.data());
    }

    @Test
    @DisplayName("Text of any script and any sign arrives as it was")
    protected final void anyTextArrivesUnchanged() {
        assertArrives(
                "\"Ünïcödé\" \\ <b>&amp;</b> 'x' /",
                "日本語 العربية עברית 👨‍👩‍👧 line\nbreak\ttab \u2028 e\u0301 \u202eright to left\u202c {\"a\":1} %s ${x} +");
    }

    @Test
    @DisplayName("Control characters and halves of characters do no harm")
    protected final void oddCharactersDoNoHarm() {
        for (String odd : List.of("\u0000", "\u0001\u001b\u007f\u0085", "\ufeff\uffff", "\ud83d", "\udc4d\ud83d")) {
            PushMessage message = message(
                    device(0),
                    new Notification(
                            "title" + odd + "end",
                            "body" + odd + "end",
                            "thread" + odd,
                            Urgency.NORMAL,
                            Map.of(Notification.MESSAGE_TYPE, Notification.MESSAGE, "reference", odd)));

            PushResult result = send(message);

            if (result.equals(PushResult.accepted())) {
                Received received = provider().received().last();
                assertThat(received.title()).startsWith("title").endsWith("end");
                assertThat(received.body()).startsWith("body").endsWith("end");
                assertThat(received.data()).containsEntry(Notification.MESSAGE_TYPE, Notification.MESSAGE);
            } else {
                assertThat(result)
                        .isInstanceOfSatisfying(
                                Rejected.class,
                                rejected -> assertThat(rejected.fault()).isEqualTo(Fault.MESSAGE));
            }
        }
    }

    @Test
    @DisplayName("Each device gets its own messages")
    protected final void eachDeviceGetsItsOwn() {
        assertThat(send(message(device(1), "one", "first"))).isEqualTo(PushResult.accepted());
        assertThat(send(message(device(2), "two", "second"))).isEqualTo(PushResult.accepted());

        assertThat(provider().received().all())
                .extracting(Received::device, Received::title)
                .containsExactly(tuple(device(1), "one"), tuple(device(2), "two"));
    }

    @Test
    @DisplayName("The provider gets the collapse key, so that a repetition replaces the first one")
    protected final void collapseKeyIsHandedOver() {
        needs(Ability.COLLAPSE_KEY);
        PushMessage message = messageTo(0);

        send(message);
        send(message);
        send(messageTo(0));

        List<Received> received = provider().received().all();
        assertThat(received)
                .hasSize(3)
                .allSatisfy(one -> assertThat(one.collapseKey()).isPresent());
        assertThat(received.get(1).collapseKey()).isEqualTo(received.get(0).collapseKey());
        assertThat(received.get(2).collapseKey()).isNotEqualTo(received.get(0).collapseKey());
    }

    @Test
    @DisplayName("The provider learns until when the message is of use")
    protected final void expiryIsHandedOver() {
        needs(Ability.EXPIRY);
        Instant expiresAt = Instant.now().plus(90, ChronoUnit.MINUTES);

        send(new PushMessage(device(0), Notification.message("title", "body", "thread"), key(), expiresAt));

        assertThat(provider().received().last().expiresAt())
                .hasValueSatisfying(until -> assertThat(until).isCloseTo(expiresAt, within(15, ChronoUnit.SECONDS)));
    }

    @Test
    @DisplayName("A text that fits is not cut")
    protected final void textThatFitsIsNotCut() {
        assertArrives("title", "a text of some length. ".repeat(20));
    }

    @ParameterizedTest(name = "shifted by {0}")
    @ValueSource(ints = {0, 1, 2, 3})
    @DisplayName("A text that is too long is cut between two characters, and nothing else of the message suffers")
    protected final void longTextIsCut(int shift) {
        needs(Ability.SIZE_LIMIT);
        String body = "a".repeat(shift) + "é👍語".repeat(12_000);

        assertThat(send(message(device(0), "title", body, Notification.CALL))).isEqualTo(PushResult.accepted());

        Received received = provider().received().last();
        assertThat(received.title()).isEqualTo("title");
        assertThat(received.data())
                .containsEntry(Notification.MESSAGE_TYPE, Notification.CALL)
                .containsEntry("reference", "0123");
        String arrived = received.body().endsWith(Shorten.ELLIPSIS)
                ? received.body().substring(0, received.body().length() - Shorten.ELLIPSIS.length())
                : received.body();
        assertThat(arrived).hasSizeGreaterThan(100).hasSizeLessThan(body.length());
        assertThat(body).startsWith(arrived);
        assertThat(Character.isHighSurrogate(arrived.charAt(arrived.length() - 1)))
                .as("ends in half a character")
                .isFalse();
    }

    @Test
    @DisplayName("A long text of signs that have to be escaped fits too")
    protected final void longTextOfEscapedSignsIsCut() {
        needs(Ability.SIZE_LIMIT);
        String body = "\"\\\n\u0001\u2028<".repeat(20_000);

        assertThat(send(message(device(0), "title", body))).isEqualTo(PushResult.accepted());

        assertThat(provider().received().last().body()).hasSizeGreaterThan(50).startsWith("\"\\\n\u0001\u2028<");
    }

    @Test
    @DisplayName("Data that is too large gives way as a whole, and the app still learns what came")
    protected final void largeDataGivesWay() {
        needs(Ability.SIZE_LIMIT);
        Map<String, String> data = Map.of(
                Notification.MESSAGE_TYPE, Notification.CALL, "reference", "0123", "event", "語\"".repeat(40_000));

        assertThat(send(message(device(0), new Notification("title", "body", "thread", Urgency.NORMAL, data))))
                .isEqualTo(PushResult.accepted());

        Received received = provider().received().last();
        assertThat(received.title()).isEqualTo("title");
        assertThat(received.data())
                .containsEntry(Notification.MESSAGE_TYPE, Notification.CALL)
                .containsEntry("reference", "0123")
                .doesNotContainKey("event");
    }

    private void assertArrives(String title, String body) {
        assertThat(send(message(device(0), title, body))).isEqualTo(PushResult.accepted());

        assertThat(provider().received().last().title()).isEqualTo(title);
        assertThat(provider().received().last().body()).isEqualTo(body);
    }
}
