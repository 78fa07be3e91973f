"""CloudFormation: stacks whose resources are made through AWS's own calls, or not at all."""
