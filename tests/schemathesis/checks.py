# SPDX-License-Identifier: Apache-2.0
"""What of Holdfast's answers no OpenAPI document can tell."""

import functools

import schemathesis
from schemathesis.specs.openapi.adapter import responses

# Schemathesis 4.32.5 rewrites the `prefixItems` of an answer's schema as older drafts had them, and then finds that the
# schema is none of 2020-12.
responses.to_json_schema = functools.partial(responses.to_json_schema, convert_prefix_items=False)

EFFECTS = {"completed": "executed", "trapped": "executed", "deadline_killed": "executed", "refused": "not_executed",
           "revoked": "not_executed", "expired_in_queue": "not_executed", "detached": "unknown"}  # fmt: skip


@schemathesis.check
def only_a_trap_is_an_internal_error(ctx, response, case):
    if response.status_code == 500:
        assert response.json().get("outcome") == "trapped", f"500 without a trap: {response.text}"


@schemathesis.check
def effect_goes_with_the_outcome(ctx, response, case):
    if "json" not in "".join(response.headers.get("content-type", [])):
        return
    told = response.json()
    if isinstance(told, dict) and told.get("outcome") in EFFECTS:
        assert told["effect"] == EFFECTS[told["outcome"]], f"the effect does not go with the outcome: {response.text}"
