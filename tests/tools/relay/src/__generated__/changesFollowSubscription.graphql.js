/**
 * @generated SignedSource<<a3eb22c969f09ae2f2b9a24c9c5f4dab>>
 * @lightSyntaxTransform
 */

/* eslint-disable */

'use strict';

var node = (function(){
var v0 = [
  {
    "defaultValue": null,
    "kind": "LocalArgument",
    "name": "packageId"
  }
],
v1 = [
  {
    "kind": "Variable",
    "name": "packageId",
    "variableName": "packageId"
  }
],
v2 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "kind",
  "storageKey": null
},
v3 = {
  "alias": null,
  "args": null,
  "kind": "ScalarField",
  "name": "id",
  "storageKey": null
};
return {
  "fragment": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Fragment",
    "metadata": null,
    "name": "changesFollowSubscription",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "DeliveryPackageChange",
        "kind": "LinkedField",
        "name": "deliveryPackageChanged",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": "DeliveryPackage",
            "kind": "LinkedField",
            "name": "deliveryPackage",
            "plural": false,
            "selections": [
              {
                "args": null,
                "kind": "FragmentSpread",
                "name": "packages_row"
              }
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ],
    "type": "Subscription",
    "abstractKey": null
  },
  "kind": "Request",
  "operation": {
    "argumentDefinitions": (v0/*:: as any*/),
    "kind": "Operation",
    "name": "changesFollowSubscription",
    "selections": [
      {
        "alias": null,
        "args": (v1/*:: as any*/),
        "concreteType": "DeliveryPackageChange",
        "kind": "LinkedField",
        "name": "deliveryPackageChanged",
        "plural": false,
        "selections": [
          (v2/*:: as any*/),
          {
            "alias": null,
            "args": null,
            "concreteType": "DeliveryPackage",
            "kind": "LinkedField",
            "name": "deliveryPackage",
            "plural": false,
            "selections": [
              {
                "alias": null,
                "args": null,
                "kind": "ScalarField",
                "name": "packageId",
                "storageKey": null
              },
              {
                "alias": null,
                "args": null,
                "concreteType": "DeliveryArtifact",
                "kind": "LinkedField",
                "name": "artifacts",
                "plural": true,
                "selections": [
                  {
                    "alias": null,
                    "args": null,
                    "kind": "ScalarField",
                    "name": "position",
                    "storageKey": null
                  },
                  {
                    "alias": null,
                    "args": null,
                    "kind": "ScalarField",
                    "name": "name",
                    "storageKey": null
                  }
                ],
                "storageKey": null
              },
              {
                "alias": null,
                "args": null,
                "concreteType": "Draft",
                "kind": "LinkedField",
                "name": "draft",
                "plural": false,
                "selections": [
                  {
                    "alias": null,
                    "args": null,
                    "kind": "ScalarField",
                    "name": "title",
                    "storageKey": null
                  },
                  {
                    "alias": null,
                    "args": null,
                    "concreteType": "QcResult",
                    "kind": "LinkedField",
                    "name": "qcResult",
                    "plural": false,
                    "selections": [
                      {
                        "alias": null,
                        "args": null,
                        "kind": "ScalarField",
                        "name": "passed",
                        "storageKey": null
                      },
                      (v3/*:: as any*/)
                    ],
                    "storageKey": null
                  },
                  (v3/*:: as any*/)
                ],
                "storageKey": null
              },
              (v3/*:: as any*/)
            ],
            "storageKey": null
          }
        ],
        "storageKey": null
      }
    ]
  },
  "params": {
    "cacheID": "b8bc9bb422ccc3901793e98e5ae607bd",
    "id": null,
    "metadata": {},
    "name": "changesFollowSubscription",
    "operationKind": "subscription",
    "text": "subscription changesFollowSubscription(\n  $packageId: ID!\n) {\n  deliveryPackageChanged(packageId: $packageId) {\n    kind\n    deliveryPackage {\n      ...packages_row\n      id\n    }\n  }\n}\n\nfragment packages_row on DeliveryPackage {\n  packageId\n  artifacts {\n    position\n    name\n  }\n  draft {\n    title\n    qcResult {\n      passed\n      id\n    }\n    id\n  }\n  id\n}\n"
  }
};
})();

node.hash = "3653c2d9c1a9a811661c28640b30f9e4";

export default node;
