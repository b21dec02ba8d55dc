"""A change of Amazon DynamoDB that moto 5.2.5 drops, closed over moto's own models.

Every patch says what stock moto does.
"""

from moto.dynamodb.responses import DynamoHandler

stock_update_table = DynamoHandler.update_table


def update_table(self):
    """Stock: the specification of the encryption is dropped."""
    wanted = self.body.get("SSESpecification")
    if wanted:
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        table.sse_specification = wanted if wanted.get("Enabled") else None
    return stock_update_table(self)


DynamoHandler.update_table = update_table
