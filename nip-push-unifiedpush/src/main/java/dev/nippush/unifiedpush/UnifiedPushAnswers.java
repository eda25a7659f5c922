package dev.nippush.unifiedpush;

import dev.nippush.address.ForbiddenAddressException;
import dev.nippush.transport.PushResult;
import dev.nippush.transport.PushResult.Fault;
import dev.nippush.transport.PushResult.Scope;
import dev.nippush.transport.RetryAfterHeader;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import okhttp3.Headers;

/**
 * What an endpoint's status means, by RFC 8030 and the UnifiedPush server specification, where the practice of ntfy and
 * of the browsers' services does not say otherwise.
 *
 * <table>
 * <caption>Statuses</caption>
 * <tr><td>2xx</td><td>accepted; ntfy answers 200 instead of 201</td></tr>
 * <tr><td>3xx</td><td>the device's fault: a redirect is never followed</td></tr>
 * <tr><td>401, 403</td><td>the device's fault: it wants VAPID where there is none, or that of another key. Never that of our
 * credentials, as strangers choose endpoints, and their answers may not stop the transport</td></tr>
 * <tr><td>404, 410</td><td>gone</td></tr>
 * <tr><td>408</td><td>temporary, for the whole server</td></tr>
 * <tr><td>429</td><td>temporary for this device, for {@code Retry-After} or 60 s</td></tr>
 * <tr><td>other 4xx</td><td>the message's fault</td></tr>
 * <tr><td>507</td><td>temporary for this device, for {@code Retry-After} if there is one: ntfy's word for a topic that
 * nobody has subscribed to at the moment</td></tr>
 * <tr><td>other 5xx</td><td>temporary for the whole server, for {@code Retry-After} if there is one</td></tr>
 * </table>
 */
final class UnifiedPushAnswers {

    /** Worth a second try with a smaller payload; after that it is like any other 4xx. */
    static final int TOO_LARGE = 413;

    static final Duration PAUSE_WHEN_TOO_MANY = Duration.ofSeconds(60);

    /** What to do about a 401 or 403 where we say who we are. */
    static final String OTHER_KEY = "the app has to subscribe with the VAPID public key of this server, and the push"
            + " service may want a contact";

    /** What to do about a 401 or 403 where we do not. */
    static final String NO_KEY =
            "the push service wants VAPID: give the transport a key, and have the app subscribe with"
                    + " its public half";

    /** ntfy: nobody has subscribed to the topic. */
    private static final int NO_SUBSCRIBER = 507;

    private static final Duration SHORTEST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofHours(24);

    private final Clock clock;

    UnifiedPushAnswers(Clock clock) {
        this.clock = clock;
    }

    /**
     * The meaning of an answer.
     *
     * @param advice what an operator can do where the endpoint does not take our word for who we are; may be empty
     */
    PushResult result(int status, Headers headers, String advice) {
        String reason = "HTTP " + status;
        if (status >= 200 && status < 300) {
            return PushResult.accepted();
        }
        if (status >= 500) {
            return new PushResult.RetryAfter(
                    status == NO_SUBSCRIBER ? Scope.DEVICE : Scope.SERVER, retryAfter(headers), reason);
        }
        if (status < 400) {
            return PushResult.rejected(Fault.DEVICE, reason);
        }
        return switch (status) {
            case 401, 403 -> PushResult.rejected(Fault.DEVICE, reason, advice);
            case 404, 410 -> PushResult.deviceGone();
            case 408 -> PushResult.retryLater(Scope.SERVER, reason);
            case 429 -> PushResult.retryAfter(retryAfter(headers).orElse(PAUSE_WHEN_TOO_MANY), reason);
            default -> PushResult.rejected(Fault.MESSAGE, reason);
        };
    }

    /** Kept between 1 s and 24 h. */
    private Optional<Duration> retryAfter(Headers headers) {
        return Optional.ofNullable(headers.get("Retry-After"))
                .flatMap(value -> RetryAfterHeader.delay(value, clock.instant()))
                .map(UnifiedPushAnswers::bounded);
    }

    private static Duration bounded(Duration pause) {
        if (pause.compareTo(SHORTEST_PAUSE) < 0) {
            return SHORTEST_PAUSE;
        }
        return pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
    }

    /** Whether the endpoint has no address but forbidden ones. Of a host with several, the client tries each. */
    static boolean isForbidden(IOException failure) {
        return failure instanceof ForbiddenAddressException
                && Arrays.stream(failure.getSuppressed()).allMatch(ForbiddenAddressException.class::isInstance);
    }
}
