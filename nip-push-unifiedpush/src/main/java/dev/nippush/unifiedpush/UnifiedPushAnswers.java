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
 * <tr><td>401, 403</td><td>the device's fault: it wants VAPID, which a plain endpoint does without</td></tr>
 * <tr><td>404, 410</td><td>gone</td></tr>
 * <tr><td>408</td><td>temporary</td></tr>
 * <tr><td>429</td><td>temporary, for {@code Retry-After} or 60 s</td></tr>
 * <tr><td>other 4xx</td><td>the message's fault</td></tr>
 * <tr><td>5xx</td><td>temporary, for {@code Retry-After} if there is one. 507 is ntfy's word for a topic that nobody has
 * subscribed to at the moment</td></tr>
 * </table>
 */
final class UnifiedPushAnswers {

    /** Worth a second try with a smaller payload; after that it is like any other 4xx. */
    static final int TOO_LARGE = 413;

    static final Duration PAUSE_WHEN_TOO_MANY = Duration.ofSeconds(60);

    private static final Duration SHORTEST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofHours(24);

    private final Clock clock;

    UnifiedPushAnswers(Clock clock) {
        this.clock = clock;
    }

    PushResult result(int status, Headers headers) {
        String reason = "HTTP " + status;
        if (status >= 200 && status < 300) {
            return PushResult.accepted();
        }
        if (status >= 500) {
            return new PushResult.RetryAfter(status == 507 ? Scope.DEVICE : Scope.SERVER, retryAfter(headers), reason);
        }
        if (status < 400) {
            return PushResult.rejected(Fault.DEVICE, reason);
        }
        return switch (status) {
            case 401, 403 -> PushResult.rejected(Fault.DEVICE, reason);
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
